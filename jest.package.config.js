const base = require('./jest.config.js');

/** Tests of the packed tarball, as whoever installs it has it. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/package'],
  testPathIgnorePatterns: [],
  globalSetup: '<rootDir>/test/package/global-setup.ts',
  globalTeardown: '<rootDir>/test/package/global-teardown.ts',
  setupFiles: [],
  testTimeout: 120_000,
};
