/** Sample data: the province of An Giang with its thirteen meeting rooms, and communes when more are asked for. */

export interface SampleSite {
  readonly site: string;
  readonly name: string;
}

/** The provincial room, the department that runs the network, and the eleven district rooms of the directive of 2012. */
const rooms: readonly SampleSite[] = [
  { site: 'ubnd-tinh', name: 'UBND tỉnh An Giang' },
  { site: 'long-xuyen', name: 'TP. Long Xuyên' },
  { site: 'chau-doc', name: 'TP. Châu Đốc' },
  { site: 'tan-chau', name: 'TX. Tân Châu' },
  { site: 'an-phu', name: 'Huyện An Phú' },
  { site: 'chau-phu', name: 'Huyện Châu Phú' },
  { site: 'chau-thanh', name: 'Huyện Châu Thành' },
  { site: 'cho-moi', name: 'Huyện Chợ Mới' },
  { site: 'phu-tan', name: 'Huyện Phú Tân' },
  { site: 'thoai-son', name: 'Huyện Thoại Sơn' },
  { site: 'tinh-bien', name: 'TX. Tịnh Biên' },
  { site: 'tri-ton', name: 'Huyện Tri Tôn' },
  { site: 'so-tttt', name: 'Sở Thông tin và Truyền thông' },
  { site: 'nui-sam', name: 'Phường Núi Sam' },
  { site: 'vinh-te', name: 'Xã Vĩnh Tế' },
  { site: 'cai-dau', name: 'Thị trấn Cái Dầu' },
  { site: 'my-luong', name: 'Thị trấn Mỹ Luông' },
  { site: 'nui-sap', name: 'Thị trấn Núi Sập' },
  { site: 'oc-eo', name: 'Thị trấn Óc Eo' },
  { site: 'ba-chuc', name: 'Thị trấn Ba Chúc' },
  { site: 'nha-bang', name: 'Phường Nhà Bàng' },
  { site: 'long-binh', name: 'Thị trấn Long Bình' },
  { site: 'an-chau', name: 'Thị trấn An Châu' },
  { site: 'phu-my', name: 'Thị trấn Phú Mỹ' },
  { site: 'vinh-xuong', name: 'Xã Vĩnh Xương' },
  { site: 'my-hoa-hung', name: 'Xã Mỹ Hòa Hưng' },
];

/** As many as one hub can serve. */
export const mostSites = rooms.length;

/** The first `count` rooms of the province. */
export const province = (count: number): readonly SampleSite[] => rooms.slice(0, count);
