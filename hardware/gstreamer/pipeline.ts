/**
 * A GStreamer pipeline as data: elements, properties, links and the reflexes that run inside. Built by pure functions, rendered to
 * launch syntax in render.ts and nowhere else.
 */
import type { Reflex } from './reflexes.ts';

export interface Fraction {
  readonly over: readonly [number, number];
}

/** `16/9`, `25/1`. */
export const fraction = (numerator: number, denominator = 1): Fraction => ({ over: [numerator, denominator] });

/** A list of texts is GStreamer's array. */
export type CapsValue = string | number | boolean | Fraction | readonly string[];

/** What may flow between two elements: a media type and its fields. */
export interface Caps {
  readonly media: string;
  readonly fields: Readonly<Record<string, CapsValue>>;
}

export type PropertyValue = string | number | bigint | boolean | Fraction | Caps;
/** `undefined` means: leave GStreamer's default. Pad properties are written `sink_0::xpos`. */
export type Properties = Readonly<Record<string, PropertyValue | undefined>>;

export interface Element {
  readonly factory: string;
  readonly properties: Properties;
  /** Needed only where a command, a reflex or another chain names it. */
  readonly id?: string;
  /** Put in place before the first buffer, and again after each restart. */
  readonly reflexes?: readonly Reflex[];
}

/** A named element's pad as beginning or end of a chain. Without `pad` GStreamer finds one that fits. */
export interface PadOf {
  readonly of: string;
  readonly pad?: string;
}

/** Elements linked one behind the other. */
export type Chain = readonly (Element | PadOf)[];

export interface Pipeline {
  readonly chains: readonly Chain[];
  readonly reflexes: readonly Reflex[];
  /** A recording: when the worker is told to end, it closes the file first (at most 1 s). */
  readonly finalise: boolean;
}

/** A source of its own life within a running pipeline: what fails in it ends it, and nothing else. */
export interface Cell {
  /** Its last element is called `<name>-last`. */
  readonly name: string;
  /** The element of the pipeline that it feeds. */
  readonly into: string;
  /** What is not live (a file) begins its time when it is opened. Default false. */
  readonly ownTime?: boolean;
  readonly chains: readonly Chain[];
}

export function element(factory: string, properties: Properties = {}, id?: string): Element {
  return id === undefined ? { factory, properties } : { factory, properties, id };
}

/** The same element, with reflexes on it. */
export function reflexed(on: Element, ...reflexes: readonly Reflex[]): Element {
  return { ...on, reflexes: [...(on.reflexes ?? []), ...reflexes] };
}

/** An element that reads what came over the network: its errors do not end the pipeline. */
export function shielded(factory: string, properties: Properties, id: string): Element {
  return reflexed(element(factory, properties, id), { do: 'shield', element: id });
}

/** A chain may begin (`padOf('tee')`) or end (`padOf('selector', 'sink_0')`) at an element of another chain. */
export function padOf(of: string, pad?: string): PadOf {
  return pad === undefined ? { of } : { of, pad };
}

export function caps(media: string, fields: Caps['fields'] = {}): Caps {
  return { media, fields };
}

/** Lets only `media` with `fields` pass. */
export function filter(media: string, fields: Caps['fields'] = {}, id?: string): Element {
  return element('capsfilter', { caps: caps(media, fields) }, id);
}

/** Links parts: single elements, pads, and chains that other functions made. */
export function chain(...parts: readonly (Element | PadOf | Chain)[]): Chain {
  return parts.flatMap((part): Chain => (isChain(part) ? part : [part]));
}

function isChain(part: Element | PadOf | Chain): part is Chain {
  return Array.isArray(part);
}

export function pipeline(
  chains: readonly Chain[],
  { reflexes = [], finalise = false }: { readonly reflexes?: readonly Reflex[]; readonly finalise?: boolean } = {},
): Pipeline {
  return { chains, reflexes, finalise };
}

/** Every reflex of the pipeline: those of its elements in order, then its own. */
export function reflexesOf(of: Pipeline): readonly Reflex[] {
  const own = of.chains.flatMap((links) => links.flatMap((link) => ('factory' in link ? (link.reflexes ?? []) : [])));
  return [...own, ...of.reflexes];
}

/** Names of all element types in it, each once: what a machine must have to run it. */
export function factoriesOf(of: Pipeline): readonly string[] {
  return [...new Set(of.chains.flatMap((links) => links.flatMap((link) => ('factory' in link ? [link.factory] : []))))];
}
