import fc from 'fast-check';

// One seed: whether a property test kills a mutant must not be luck. No shrinking: nobody reads the counterexample.
fc.configureGlobal({ seed: 1, endOnFailure: true });
