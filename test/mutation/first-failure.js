const { TestEnvironment } = require('jest-environment-node');

/** After one failed test the mutant is dead: the rest of the file is skipped. Jest itself ends only between files. */
module.exports = class FirstFailure extends TestEnvironment {
  handleTestEvent(event) {
    if (event.name === 'test_done' && event.test.errors.length > 0) this.failed = true;
    if (event.name === 'test_start' && this.failed) event.test.mode = 'skip';
  }
};
