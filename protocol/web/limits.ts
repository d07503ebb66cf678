/**
 * Limits of what people type, for hints and for checks before sending. The schemas of protocol/api.ts decide; a test holds these to them,
 * so that a page need not carry the schema library.
 */
export const passwordMin = 12;
export const passwordMax = 200;
export const nameMax = 120;
export const userNamePattern = '^[a-z0-9][a-z0-9._\\-]{1,39}$';
export const nodeIdPattern = '^[a-z0-9]([a-z0-9\\-]{0,61}[a-z0-9])?$';
