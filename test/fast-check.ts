import fc from 'fast-check';

/**
 * Property tests draw the same cases each time, so that a change is judged by what it changed; the soak (SOAK=1) draws others every time, and SEED repeats
 * a draw. A failure prints its seed.
 */
const seed = process.env['SEED'];
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
else if (process.env['SOAK'] === undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20_260_701 });

export { fc };
