import { rmSync } from 'node:fs';

export = function removeSynthesized(): void {
  if (process.env.SYNTHESIZED) rmSync(process.env.SYNTHESIZED, { recursive: true, force: true });
};
