const { TestEnvironment } = require('jest-environment-node');

/**
 * After one failed test the mutant is dead, and every other test of the run is skipped. Jest has only `bail`, which ends
 * between files, and Stryker turns that off. {@link failed} is set back at the start of each run, by slow-last.js.
 */
module.exports = class FirstFailure extends TestEnvironment {
  static failed = false;

  handleTestEvent(event) {
    if (event.name === 'test_done' && event.test.errors.length > 0) FirstFailure.failed = true;
    if (event.name === 'test_start' && FirstFailure.failed) event.test.mode = 'skip';
  }
};
