import fc from 'fast-check';

// One seed: whether a property test kills a mutant must not be luck.
fc.configureGlobal({ seed: 1 });
