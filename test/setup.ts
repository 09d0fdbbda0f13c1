// The validator built into aws-cdk-lib costs 5 to 14 seconds in every test file; test/validation.test.ts runs it once.
process.env.CDK_VALIDATION = 'false';
