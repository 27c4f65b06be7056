/** How long to wait and how often to ask, in ms of the run's clock. */
export interface PollOptions {
  readonly patience: number;
  /** Pause between two questions. */
  readonly every?: number;
  /** How long one question may take before it counts as unanswered. */
  readonly attempt?: number;
}
