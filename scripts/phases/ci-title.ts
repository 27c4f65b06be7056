import { titleTrouble } from './ci/title.ts';
import type { Action } from './task.ts';

/** Whether the title of a pull request begins with the id of its story. */
const ciTitle: Action = async (cx) => {
  const title = cx.variables['TITLE'] ?? '';
  const trouble = titleTrouble(title, cx.variables['AUTHOR'] ?? '');
  return {
    exit: trouble === undefined ? 'done' : 'no',
    result: { title, ...(trouble === undefined ? { ok: true } : { ok: false, ...trouble }) },
    // In quotes and never at the beginning of a line: what somebody else wrote is no command to whoever reads this.
    render: (style) => (trouble === undefined
      ? [`${style.green('✔')} the title ${JSON.stringify(title)} is fine`]
      : [`${style.red('✖')} the title ${JSON.stringify(title)} will not do: ${trouble.because}`, `  ${style.dim('try')}  ${trouble.hint}`]),
  };
};
export default ciTitle;
