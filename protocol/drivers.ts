/** Every make there is a driver for, and what people call its language; hardware/catalogue.ts has one row each. */
export const driverLabels = {
  visca: 'Sony VISCA',
  'visca-ip': 'Sony VISCA over IP',
  pelco: 'Pelco-D',
  xapi: 'Cisco / TANDBERG xAPI',
  polycom: 'Polycom HDX / RealPresence Group',
  xacli: 'TANDBERG MXP',
  pjlink: 'PJLink',
  mdc: 'Samsung MDC',
  lg: 'LG RS-232',
  extron: 'Extron SIS',
  onvif: 'ONVIF',
} as const;
export type DriverName = keyof typeof driverLabels;
export const driverNames = Object.keys(driverLabels) as readonly DriverName[];
