/** Bytes of bodies that are read whole at a time: of one caller, inside those of all. */
export class BodyBudget {
  private held = 0;

  constructor(
    private readonly most: number,
    private readonly all?: BodyBudget,
  ) {}

  /** False where there is no room for as many more; none of them is counted then. */
  take(bytes: number): boolean {
    if (this.held + bytes > this.most || this.all?.take(bytes) === false) return false;
    this.held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.held -= bytes;
    this.all?.give(bytes);
  }
}
