/** What is written on the room's screen, in the room's language. Pure. */

export type Language = 'vi' | 'en';

const texts = {
  vi: {
    onAir: 'ĐANG PHÁT',
    muted: 'ĐÃ TẮT MICRÔ',
    linkLost: 'MẤT KẾT NỐI',
    noPicture: 'ĐANG CHỜ HÌNH ẢNH',
    idle: 'ĐIỂM CẦU SẴN SÀNG',
    slate: 'MẤT TÍN HIỆU CAMERA',
  },
  en: {
    onAir: 'ON AIR',
    muted: 'MICROPHONE OFF',
    linkLost: 'CONNECTION LOST',
    noPicture: 'WAITING FOR PICTURE',
    idle: 'SITE READY',
    slate: 'NO CAMERA SIGNAL',
  },
} as const satisfies Record<Language, Record<string, string>>;

/** A text of the screen in `language`. */
export const screenText = (language: Language, text: keyof (typeof texts)['vi']): string => texts[language][text];

/** What the marks depend on. */
export interface MarkFacts {
  readonly language: Language;
  readonly onAir: boolean;
  readonly muted: boolean;
  /** At least one downlink carries packets. */
  readonly linked: boolean;
}

/** The marks at the top of the picture, most urgent first, joined as they are drawn; empty when there is nothing to say. */
export function marks({ language, onAir, muted, linked }: MarkFacts): string {
  const say: string[] = [];
  if (!linked) say.push(screenText(language, 'linkLost'));
  // Without a link nobody sees this site, whatever the plan says.
  if (onAir && linked) say.push(`● ${screenText(language, 'onAir')}`);
  if (muted) say.push(screenText(language, 'muted'));
  return say.join('   ');
}
