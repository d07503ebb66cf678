/** What boxes say about the devices of a room, for readers of Vietnamese. As in phrases.ts; several reasons stand behind each other with `; `. */

const names: Readonly<Record<string, string>> = {
  power: 'nguồn',
  input: 'ngõ vào',
  preset: 'vị trí đặt sẵn',
  presetRecall: 'vị trí đặt sẵn',
  micMuted: 'micrô',
  micMute: 'micrô',
  volume: 'âm lượng',
  layout: 'bố cục',
};

/** What of a device or a scene is spoken of. */
export const partIn = (name: string): string => names[name] ?? name;

/** `$1` repeats what the pattern caught, `$part` says it in Vietnamese. */
export const roomPhrases: readonly (readonly [pattern: RegExp, vi: string])[] = [
  [/^it is warming$/, 'thiết bị đang khởi động'],
  [/^it is cooling$/, 'thiết bị đang tắt'],
  [/^it cannot do (\w+)$/, 'thiết bị không làm được việc này: $part'],
  [/^(\w+) is not known yet$/, 'chưa rõ: $part'],
  [/^(\w+) is being set$/, 'đang chỉnh: $part'],
  [/^has just begun$/, 'vừa bắt đầu'],
  [/^(.+) is in no call any more$/, '$1 không còn trong cuộc gọi'],
  [/^(.+) has hung up, as it was asked to$/, '$1 đã gác máy theo yêu cầu'],
  [/^(.+) is off or asleep, and its call is over$/, '$1 đã tắt hoặc đang nghỉ, cuộc gọi đã hết'],
  [/^(.+) is in a call again and waits for an operator$/, '$1 đã nối lại cuộc gọi, chờ người vận hành trả hình'],
  [/^(.+) is in a call again, and no picture comes from it yet$/, '$1 đã nối lại cuộc gọi nhưng chưa có hình'],
  [/^(.+) is in a call again$/, '$1 đã nối lại cuộc gọi'],
  [/^(.+) is in a call with somebody$/, '$1 đang trong cuộc gọi'],
  [/^an operator brought it back$/, 'người vận hành đã trả hình về'],
  [/^nobody answered (\d+) calls$/, 'đã gọi lại $1 lần mà không nối được'],
  [/^the picture of (.+) is not away$/, 'hình của $1 vẫn đang được dùng'],
  [/^(\S+) is not the picture of this site$/, 'hình của điểm cầu không lấy từ $1'],
  [/^bad file descriptor$/, 'cổng đã mất: cáp đã rút hoặc thiết bị tắt'],
  [/^not started$/, 'chưa bắt đầu'],
  [/^answers$/, 'có trả lời'],
  [/^(?:opening|asking) .+$/, 'đang kết nối'],
  [/^the port is closed$/, 'đường nối đã đóng'],
  [/^(?:the other side closed|the connection is closed)$/, 'thiết bị đã ngắt kết nối'],
  [/^nothing usable for \d+ ms$/, 'thiết bị không trả lời đúng cách'],
  [/^what it says could not be understood$/, 'không hiểu thiết bị trả lời gì'],
  [/^there is no device (\S+) here$/, 'hộp điểm cầu không có thiết bị $1'],
  [/^(\S+) is driven there$/, 'chỗ đó đã có thiết bị $1'],
  [/^give it again for a device at another place$/, 'phải nhập lại vì thiết bị ở chỗ khác'],
  [/^not all that it tells can be shown: .+$/, 'không hiện được hết những gì thiết bị báo'],
  [/^(?:\w+: )?device\.silent: .+$/, 'thiết bị không trả lời'],
  [/^(?:\w+: )?device\.gone: .+$/, 'mất đường nối tới thiết bị'],
  [/^(?:\w+: )?device\.login: .+$/, 'thiết bị không nhận tên hoặc mật khẩu'],
  [/^(?:\w+: )?device\.refused: .* because=(.+)$/, 'thiết bị từ chối: $1'],
  [/^unreachable: .*(?:No such file|ENOENT).*$/, 'không thấy cổng: cáp đã rút hoặc thiết bị tắt'],
  [/^unreachable: .*(?:ermission|EACCES).*$/, 'hộp điểm cầu không được phép mở cổng'],
  [/^unreachable: .*(?:lock|EBUSY|busy).*$/, 'cổng đang bị chương trình khác dùng'],
  [
    /^unreachable: .*(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|no connection within).*$/,
    'không tới được thiết bị qua mạng: kiểm tra nguồn và dây mạng',
  ],
  [/^input\.invalid: path=\/at reason=.+$/, 'loại thiết bị này không nối theo cách đã khai'],
  [/^no answer within (\d+) s; it may have been done$/, 'không trả lời trong $1 giây; có thể đã làm'],
];

/** What cameras complain of, by the topic of their event. */
export const complaintPhrases: readonly (readonly [pattern: RegExp, said: { readonly vi: string; readonly en: string }])[] = [
  [/SignalLoss|VideoLoss/i, { vi: 'camera báo mất tín hiệu hình', en: 'the camera says that it has lost its signal' }],
  [/ImageTooDark/i, { vi: 'camera báo hình quá tối', en: 'the camera says that its picture is too dark' }],
  [/ImageTooBright/i, { vi: 'camera báo hình quá sáng', en: 'the camera says that its picture is too bright' }],
  [/ImageTooBlurry/i, { vi: 'camera báo hình bị mờ', en: 'the camera says that its picture is blurred' }],
  [/GlobalSceneChange|Tamper/i, { vi: 'camera báo bị che hoặc bị xoay đi', en: 'the camera says that it was covered or turned away' }],
  [/HardwareFailure/i, { vi: 'camera báo hỏng phần cứng', en: 'the camera says that a part of it has failed' }],
];
