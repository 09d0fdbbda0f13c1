const base = require('./jest.config.js');

/**
 * What the mutation run judges core/ by: the tests of core/ alone, which need nothing synthesized. Stryker copies both
 * to a folder of its own and runs this there; see docs/mutation.md.
 */
module.exports = {
  testEnvironment: require.resolve('./test/mutation/first-failure.js'),
  // core/ too, as Jest follows imports from a changed file to its tests only through files it watches.
  roots: ['<rootDir>/core', '<rootDir>/test/core'],
  testMatch: base.testMatch,
  transform: base.transform,
  setupFiles: ['<rootDir>/test/mutation/one-seed.ts'],
  testSequencer: '<rootDir>/test/mutation/slow-last.js',
  cacheDirectory: base.cacheDirectory,
};
