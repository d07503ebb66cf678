/** What is said of the chair, of panels and of grants that others wrote, for readers of Vietnamese. See phrases.ts. */

export const panelPhrases: readonly (readonly [pattern: RegExp, vi: string])[] = [
  [/^the panel of (\S+) wrote it: the meeting is ended$/, 'bàn điều khiển tại $1 đã kết thúc cuộc họp'],
  [/^the panel of (\S+) wrote it$/, 'bàn điều khiển tại $1 đã ra lệnh'],
  [/^central had written it and forgotten: the meeting is ended$/, 'trung tâm đã kết thúc cuộc họp trước khi khởi động lại'],
  [/^central had written it and forgotten$/, 'trung tâm đã ra lệnh này trước khi khởi động lại'],
  [/^the panel of (\S+) rules$/, 'bàn điều khiển tại $1 đang điều hành'],
  [/^the panel cannot be served: (.*)$/, 'không mở được bàn điều khiển của phòng: $1'],
  [/^the command went on without word from (.+)$/, 'lệnh được thực hiện khi chưa có tin từ $1'],
  [/^the grant is known$/, 'lệnh này đã biết'],
  [/^no hub of the meeting answers$/, 'chưa máy chủ hình nào của cuộc họp trả lời'],
  [/^another command came first$/, 'một lệnh khác đã đến trước'],
  [/^there is no meeting$/, 'không có cuộc họp nào'],
  [/^this room does not have the chair$/, 'phòng này không giữ quyền chủ trì'],
  [/^the chair of the meeting$/, 'quyền chủ trì cuộc họp'],
  [/^a request of the panel page$/, 'yêu cầu từ trang bàn điều khiển'],
  [/^the PIN is wrong$/, 'mã PIN không đúng'],
  [/^the panel is locked$/, 'bàn điều khiển đã khóa'],
  [/^(\S+) has the chair$/, '$1 giữ quyền chủ trì'],
  [/^(\S+) has the chair already$/, '$1 đã giữ quyền chủ trì rồi'],
  [/^nobody has the chair(?: any more)?$/, 'không điểm cầu nào giữ quyền chủ trì'],
  [/^(\S+) (?:.* and )?left; the chair passes to (\S+)$/, '$1 rời cuộc họp; quyền chủ trì chuyển cho $2'],
  [/^(\S+) is not invited$/, '$1 chưa được mời họp'],
  [/^(\S+) was the previous speaker and left$/, '$1 (phát biểu trước đó) rời cuộc họp'],
  [/^(\S+) was muted and left$/, '$1 (đang tắt tiếng) rời cuộc họp'],
  [/^nobody is prepared$/, 'chưa có ai chuẩn bị'],
  [/^(\S+) is prepared already$/, '$1 đã được chuẩn bị rồi'],
  [/^(\S+) is heard already$/, '$1 đang mở tiếng rồi'],
  [/^the meeting is started$/, 'cuộc họp bắt đầu'],
  [/^the meeting is ended$/, 'cuộc họp kết thúc'],
  [/^the meeting has ended$/, 'cuộc họp đã kết thúc'],
];

/** Words of events and acts. */
export const panelWords: Readonly<Record<string, string>> = {
  'ruled-by': 'do bàn điều khiển điều hành',
  adopted: 'theo lệnh bàn điều khiển',
  unheard: 'chưa đủ tin từ máy chủ hình',
  panel: 'bàn điều khiển',
  'meeting.panel': 'lệnh từ bàn điều khiển',
  'meeting.chair': 'chuyển quyền chủ trì',
};

export const panelWordsInEnglish: Readonly<Record<string, string>> = {
  'ruled-by': 'ruled by a panel',
  adopted: 'taken over from a panel',
  unheard: 'went on without word from a hub',
  'meeting.panel': 'ruled from the panel',
  'meeting.chair': 'handed the chair on',
};
