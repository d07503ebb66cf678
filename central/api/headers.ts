/** Headers that every answer carries: the page runs only its own files, inside no frame. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { pageHeaders } from '../../protocol/node/page-headers.ts';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  // Media Source Extensions play from blob: addresses.
  "media-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function securityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ 'content-security-policy': policy, ...pageHeaders });
  if (request.protocol === 'https') reply.header('strict-transport-security', 'max-age=31536000');
  if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
}
