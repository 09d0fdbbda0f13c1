const base = require('./jest.config.js');

/** The tests against real engines: root and Linux, see scripts/system-setup.sh. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/system'],
  // Minutes of its own: `npm run test:soak`.
  testPathIgnorePatterns: ['/soak\\.test'],
  globalSetup: '<rootDir>/test/system/global-setup.ts',
  reporters: ['default', '<rootDir>/test/summary-reporter.js'],
  testTimeout: 120_000,
  // The names are the evidence: each case with its order, known limits included.
  verbose: true,
};
