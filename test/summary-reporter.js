/**
 * Jest reporter: ends a run with `N passed, N failed, N skipped`, for people and scripts. A test file that could not run
 * counts as one failure. In CI a skipped test fails the run: what is skipped there is never seen.
 */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    if (process.env.CI && skipped > 0) this.error = new Error(`${skipped} tests are skipped; none may be in CI`);
    // At the exit, as Jest's own summary comes after all other reporters.
    process.once('exit', () => {
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }

  getLastError() {
    return this.error;
  }
};
