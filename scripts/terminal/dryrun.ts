import type { Event } from '../engine/event.ts';
import type { Json, Style } from '../engine/outcome.ts';
import { clean } from './width.ts';
import { plural, spoken } from './words.ts';

/** What one step of a dry run came to. */
interface DryStep {
  readonly lane: string;
  readonly step: string;
  title: string;
  /** Why there is nothing to do, or what the step said; '' when it only lists commands. */
  note: string;
  readonly commands: { readonly effect: 'local' | 'write'; readonly command: string }[];
}

/** Listens to a dry run and tells what would have happened. */
export interface DryRun {
  on(event: Event): void;
  /** How many writes would have been done: 0 after a complete create. */
  readonly writes: number;
  /** Lines for people. Headings are shell comments and commands stand alone on their line, so that they can be copied. */
  render(style: Style): string[];
  result(): Json;
}

/** Makes the listener; give it every event of the run. */
export function collectDryRun(): DryRun {
  const steps = new Map<string, DryStep>();
  let about = '';
  const at = (event: { readonly lane: string; readonly step: string }): DryStep => {
    const key = `${event.lane}\0${event.step}`;
    const known = steps.get(key);
    if (known !== undefined) return known;
    const made: DryStep = { lane: event.lane, step: event.step, title: event.step, note: '', commands: [] };
    steps.set(key, made);
    return made;
  };
  const writes = (): number => [...steps.values()].reduce((sum, step) => sum + step.commands.filter((each) => each.effect === 'write').length, 0);
  return {
    on(event) {
      switch (event.type) {
        case 'run-started':
          about = `task ${event.task}${spoken(event.variables).map((each) => ` ${each}`).join('')}, target: ${event.target.label}`;
          for (const lane of event.plan) for (const step of lane.steps) at({ lane: lane.lane, step: step.name }).title = step.title;
          return;
        case 'would-run':
          at(event).commands.push({ effect: event.effect, command: event.command });
          return;
        case 'phase-skipped':
          at(event).note = event.because;
          return;
        case 'phase-finished':
          at(event).note = event.note;
          return;
        case 'phase-failed':
          at(event).note = `cannot tell: ${event.failure.what}`;
          return;
        case 'phase-not-started':
          at(event).note = event.because;
          return;
        case 'checkpoint-asked':
          at(event).note = `would ask: ${event.question}`;
          return;
        default:
          return;
      }
    },
    get writes() {
      return writes();
    },
    render(style) {
      const lines: string[] = about === '' ? [] : [style.dim(`# dry run of ${clean(about)}`), ''];
      for (const lane of new Set([...steps.values()].map((step) => step.lane))) {
        lines.push(style.bold(`# ${lane === '' ? 'the run' : clean(lane)}`));
        for (const step of steps.values()) {
          if (step.lane !== lane) continue;
          const note = step.note === '' ? (step.commands.length === 0 ? 'nothing to do' : '') : step.note;
          lines.push(`${style.dim('#')} ${style.cyan(clean(step.step))}  ${clean(step.title)}${note === '' ? '' : style.dim(` (${clean(note)})`)}`);
          // A command keeps its own line breaks (a here-document is part of it); the rest of the terminal's language is removed.
          for (const each of step.commands) lines.push(...each.command.split('\n').map((line) => `${each.effect === 'local' ? style.dim(clean(line)) : clean(line)}`));
        }
        lines.push('');
      }
      const number = writes();
      lines.push(number === 0 ? '# dry run: nothing to change' : `# dry run: at least ${plural(number, 'change')} would be made; nothing was changed`);
      return lines;
    },
    result: () => ({
      dryRun: true,
      writes: writes(),
      steps: [...steps.values()].map((step) => ({ lane: step.lane, step: step.step, title: step.title, note: step.note, commands: step.commands.map((each) => ({ ...each })) })),
    }),
  };
}
