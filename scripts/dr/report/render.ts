import { html } from './html.ts';
import { junit } from './junit.ts';
import { markdown } from './markdown.ts';
import type { RehearsalReport } from './report.types.ts';

export type ReportForm = 'html' | 'md' | 'junit' | 'json';

/** The report in one of its four forms. Pure: the same report always gives the same text. */
export function renderAs(report: RehearsalReport, form: ReportForm): string {
  switch (form) {
    case 'html': return html(report);
    case 'md': return markdown(report);
    case 'junit': return junit(report);
    case 'json': return `${JSON.stringify(report, undefined, 2)}\n`;
  }
}
