/** What has to be set in the running mosaic so that it looks as it should: texts and places as element properties. Pure. */
import { mosaicSlots } from '../../../protocol/plan.ts';
import { type Box, canvas, frameWidth, labelHeight, type MosaicView } from './layout.ts';
import { cropId, framePads, labelPad, labelTextId, slateTextId, tilePad } from './pipeline.ts';

export interface Setting {
  readonly element: string;
  readonly property: string;
  readonly value: string | number;
}

/** Mean width of a letter of the slate's font (Sans 13 at 96 dpi), measured on 1.22. */
const letterWidth = 8.4;

const pad = (name: string, places: Readonly<Record<string, number>>): readonly Setting[] =>
  Object.entries(places).map(([property, value]) => ({ element: `compositor.${name}`, property, value }));

function frame({ x, y, width, height }: Box): readonly Setting[] {
  const right = x + width - frameWidth;
  const bottom = y + height - frameWidth;
  const bars: readonly Box[] = [
    { x, y, width, height: frameWidth },
    { x, y: bottom, width, height: frameWidth },
    { x, y, width: frameWidth, height },
    { x: right, y, width: frameWidth, height },
  ];
  return framePads.flatMap((name, side) => {
    const bar = bars[side];
    return bar === undefined ? [] : pad(name, { xpos: bar.x, ypos: bar.y, width: bar.width, height: bar.height, alpha: 1 });
  });
}

/** Cuts a slot's picture, without its label, out of the whole. */
const crop = (slot: number, { x, y, width, height }: Box): readonly Setting[] =>
  Object.entries({ left: x, top: y, right: canvas.width - x - width, bottom: canvas.height - y - height + labelHeight }).map(
    ([property, value]) => ({ element: cropId(slot), property, value }),
  );

/**
 * @param live slots whose picture flows. A slot without one is hidden, so that the last picture of a site that left is never shown under
 * the name of the next.
 */
export function settings(view: MosaicView, live: ReadonlySet<number>): readonly Setting[] {
  const all: Setting[] = [];
  for (let slot = 0; slot < mosaicSlots; slot++) {
    const shown = view.slots[slot] ?? null;
    if (shown === null) {
      all.push(...pad(tilePad(slot), { alpha: 0 }), ...pad(labelPad(slot), { alpha: 0 }));
      all.push({ element: slateTextId(slot), property: 'text', value: '' });
      continue;
    }
    const { box, label, slate } = shown;
    const indent = Math.max(8, Math.round((box.width - slate.length * letterWidth) / 2));
    all.push(
      ...pad(tilePad(slot), { xpos: box.x, ypos: box.y, width: box.width, height: box.height, alpha: live.has(slot) ? 1 : 0 }),
      ...crop(slot, box),
      ...pad(labelPad(slot), { xpos: box.x, ypos: box.y + box.height - labelHeight, alpha: 1 }),
      { element: labelTextId(slot), property: 'text', value: fit(label) },
      { element: slateTextId(slot), property: 'xpad', value: box.x + indent },
      { element: slateTextId(slot), property: 'ypad', value: box.y + Math.round(box.height / 2) - 12 },
      { element: slateTextId(slot), property: 'text', value: markup(slate) },
    );
  }
  return [...all, ...(view.speaker === null ? framePads.flatMap((name) => pad(name, { alpha: 0 })) : frame(view.speaker))];
}

/** A name must end where its cell ends. */
const fit = (name: string): string => markup(name.length > 42 ? `${name.slice(0, 41)}…` : name);

/** textoverlay reads Pango markup. */
const markup = (text: string): string => text.replace(/[&<>]/g, (char) => (char === '&' ? '&amp;' : char === '<' ? '&lt;' : '&gt;'));
