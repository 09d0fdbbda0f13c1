import { type CompiledPolicy, compilePolicy } from '../../core/egress/match';
import type { LoadedPolicy, Policies } from '../../runtime/policies';

export interface ReadyPolicy {
  readonly hash: string;
  readonly policy: CompiledPolicy;
}

/** Documents made ready once for each time they are loaded. */
export class CompiledPolicies {
  private readonly ready = new WeakMap<LoadedPolicy, ReadyPolicy>();

  constructor(private readonly policies: Policies) {}

  get(profile: string): ReadyPolicy | undefined {
    const loaded = this.policies.get(profile);
    if (!loaded) return undefined;
    let ready = this.ready.get(loaded);
    if (!ready) {
      ready = { hash: loaded.hash, policy: compilePolicy(loaded.document) };
      this.ready.set(loaded, ready);
    }
    return ready;
  }
}
