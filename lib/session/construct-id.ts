/** `coding-agent` -> `CodingAgent`, as construct ids are written. A hyphen before a digit stays: `agent-1` is not `agent1`. */
export function pascal(name: string): string {
  return name
    .split(/-(?=[a-z])/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
