module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['<rootDir>/test/system/'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  globalSetup: '<rootDir>/test/global-setup.ts',
    '^cdk-agent-platform$': '<rootDir>/lib/index.ts',
    '^cdk-agent-platform/(.*)$': '<rootDir>/lib/$1/index.ts',
  },
  setupFiles: ['<rootDir>/test/setup.ts'],
  cacheDirectory: '<rootDir>/.jest',
};
