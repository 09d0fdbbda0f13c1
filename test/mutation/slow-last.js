const FirstFailure = require('./first-failure.js');

/**
 * Order of the test files in a mutation run, which ends at the first failure: quick ones first. Jest's own order is the
 * reverse, for the sake of runs that end with the last test.
 */
const SLOW = /firewall-(limits|rules)|record\.test/;

module.exports = class SlowLast {
  sort(tests) {
    FirstFailure.failed = false;
    const rank = ({ path }) => (SLOW.test(path) ? 1 : 0);
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }

  allFailedTests(tests) {
    return tests;
  }

  shard(tests) {
    return tests;
  }

  cacheResults() {}
};
