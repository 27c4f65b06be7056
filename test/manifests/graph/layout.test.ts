import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { layoutOf, type Box, type Link } from '../../../scripts/manifests/graph/layout.ts';

const drawing = fc.array(fc.record({ column: fc.nat(5), width: fc.integer({ min: 20, max: 90 }), wants: fc.array(fc.nat(40), { maxLength: 3 }) }), { minLength: 1, maxLength: 40 }).map((list) => {
  const boxes = list.map((each, index): Box => ({ id: `b${index}`, column: each.column, width: each.width, height: 40 }));
  const links = list.flatMap((each, index) => each.wants.flatMap((want): Link[] => {
    const other = list[want];
    return other !== undefined && other.column < each.column ? [{ from: `b${want}`, to: `b${index}` }] : [];
  }));
  return { boxes, links };
});

describe('a layered drawing', () => {
  test('no two boxes lie on each other, and no arrow runs through a box', () => {
    fc.assert(fc.property(drawing, ({ boxes, links }) => {
      const { boxes: placed, paths, width, height } = layoutOf(boxes, links);
      const all = [...placed.values()];
      expect(all).toHaveLength(boxes.length);
      for (const [i, a] of all.entries()) {
        expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= width + 0.1 && a.y + a.height <= height + 0.1).toBe(true);
        for (const b of all.slice(i + 1)) expect(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y + 0.2 || b.y + b.height <= a.y + 0.2).toBe(true);
      }
      for (const [index, path] of paths.entries()) {
        const link = links[index];
        const ends = new Set([link?.from, link?.to]);
        // The level parts pass columns; the rest swings between them.
        for (let i = 1; i + 1 < path.length; i += 2) {
          const [from, to] = [path[i], path[i + 1]];
          if (from === undefined || to === undefined || from.y !== to.y) continue;
          for (const box of all) {
            if (!ends.has(box.id)) expect(to.x <= box.x || from.x >= box.x + box.width || from.y <= box.y || from.y >= box.y + box.height, `${link?.from} -> ${link?.to} through ${box.id}`).toBe(true);
          }
        }
      }
    }), { numRuns: 300 });
  });

  test('is the same for the same input', () => {
    fc.assert(fc.property(drawing, ({ boxes, links }) => { expect(layoutOf(boxes, links)).toEqual(layoutOf(boxes, links)); }), { numRuns: 30 });
  });

  test('uncrosses what need not cross', () => {
    const boxes = ['a', 'b', 'c', 'x', 'y', 'z'].map((id, index): Box => ({ id, column: index < 3 ? 0 : 1, width: 10, height: 10 }));
    const { boxes: placed } = layoutOf(boxes, [{ from: 'a', to: 'z' }, { from: 'b', to: 'y' }, { from: 'c', to: 'x' }]);
    const order = (ids: readonly string[]): readonly string[] => ids.toSorted((p, q) => (placed.get(p)?.y ?? 0) - (placed.get(q)?.y ?? 0));
    const left = order(['a', 'b', 'c']);
    expect(order(['x', 'y', 'z'])).toEqual(left.map((id) => ({ a: 'z', b: 'y', c: 'x' })[id]));
  });

  test('a thousand boxes are drawn while one looks', () => {
    const boxes = Array.from({ length: 1_000 }, (_, i): Box => ({ id: `b${i}`, column: i % 20, width: 100, height: 40 }));
    const links = boxes.flatMap((box, i): Link[] => (box.column === 0 ? [] : [{ from: `b${i - 1}`, to: box.id }, { from: `b${(i * 7) % 1_000}`, to: box.id }].filter(({ from }) => (boxes[Number(from.slice(1))]?.column ?? 99) < box.column)));
    const began = performance.now();
    layoutOf(boxes, links);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
