import { type Acknowledgement, type Finding, judge } from './finding';

const finding: Finding = {
  checker: 'cfn-lint',
  rule: 'W3005',
  resource: 'SessionsCluster1C208485',
  template: 'some.template.json',
  message: 'some',
};
const acknowledged: Acknowledgement = {
  checker: 'cfn-lint',
  rule: 'W3005',
  resource: /SessionsCluster/,
  reason: 'it is safe',
};

describe('findings of other checkers', () => {
  it('one that is acknowledged is answered', () => {
    expect(judge([finding], [acknowledged])).toEqual({ open: [], stale: [] });
  });

  it('an acknowledgement without a finding is stale', () => {
    expect(judge([], [acknowledged])).toEqual({ open: [], stale: [acknowledged] });
  });

  it.each<Partial<Acknowledgement>>([{ checker: 'cfn-guard' }, { rule: 'W3006' }, { resource: /SessionsTask/ }])(
    'an acknowledgement of %j answers to nothing of another',
    (other) => {
      const elsewhere = { ...acknowledged, ...other };
      expect(judge([finding], [elsewhere])).toEqual({ open: [finding], stale: [elsewhere] });
    },
  );
});
