/** Why a site gives something up when its way is narrow, in Vietnamese. A site may be narrow both ways: the reasons stand one behind the other. */

const out = 'the way out is narrow(?: \\(about ([\\d.]+) Mbit\\/s\\))?(?:: (.+?))?';
const into = 'the way in is narrow(?: \\(about ([\\d.]+) Mbit\\/s\\))?: (no mosaic|the small picture of the speaker)';

/** Takes a reason of this kind apart; null: it is another. */
export function narrowIn(text: string): string | null {
  const up = new RegExp(`^${out}$`).exec(text);
  if (up !== null) return sentence('Đường truyền lên hẹp', up[1], given(up[2] ?? ''));
  const down = new RegExp(`^${into}$`).exec(text);
  if (down !== null)
    return sentence('Đường truyền xuống hẹp', down[1], down[2] === 'no mosaic' ? 'bỏ hình ghép' : 'chỉ nhận hình nhỏ của người phát biểu');
  if (text === 'the way out is narrow, and a clip cannot be made smaller: pictures are left out')
    return 'Đường truyền lên hẹp, đoạn phim có sẵn không giảm được: bỏ bớt hình';
  if (text === 'there is room for everything again') return 'đường truyền đã đủ rộng trở lại';
  return null;
}

const sentence = (what: string, mbit: string | undefined, gives: string): string =>
  `${what}${mbit === undefined ? '' : ` (≈ ${mbit.replace('.', ',')} Mbit/s)`}${gives === '' ? '' : `: ${gives}`}`;

const given = (text: string): string =>
  text
    .replace(/main at (\d+) kbit\/s/, 'giảm chất lượng hình chính (còn $1 kbit/s)')
    .replace(/tile at (\d+) pictures\/s/, 'hình nhỏ còn $1 hình/giây');
