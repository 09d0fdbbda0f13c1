import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { appWith, RECOMMENDED_FLAGS, VARIANTS } from './variants';

/** Writes an assembly of every variant to the folder given; run once by jest's global set-up. */
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: synthesize.ts FOLDER');
mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(VARIANTS)) appWith(make, RECOMMENDED_FLAGS, join(folder, name)).synth();
const standard = VARIANTS.standard;
if (standard) appWith(standard, {}, join(folder, 'standard-without-flags')).synth();
