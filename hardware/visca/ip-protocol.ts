/**
 * VISCA over IP: each message has a number. A command whose answer was lost is sent again with the same number: the camera either takes it
 * now, or says that it has had it, and so even a relative move is never made twice.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import type { Answer, Question } from '../wire/exchange.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { ViscaCamera, type ViscaTalk } from './camera.ts';
import { type IpMessage, ipDatagram, ipFramer, ipReset, ipTypes, isInquiry } from './ip-codec.ts';
import type { ViscaQuestion } from './questions.ts';

const RESET_MS = 300;
const RESENT = 2;
/** Over IP the camera is number 1, whatever its switch says. */
const ADDRESS = 1;

type Settled<R> = { readonly value: R } | 'out of step';

export class ViscaIpProtocol implements Protocol<IpMessage> {
  readonly framer = ipFramer();
  readonly #camera: ViscaCamera;
  #last = 0;
  /** The numbers were reset on this connection, or are being. */
  #counting = false;

  constructor({ model }: DriverSettings) {
    this.#camera = new ViscaCamera(ADDRESS, model);
  }

  get capabilities(): readonly Capability[] {
    return this.#camera.capabilities;
  }

  begin(talk: Talk<IpMessage>): Promise<void> {
    return this.#camera.start(this.#numbering(talk));
  }

  act(talk: Talk<IpMessage>, act: DeviceAct): Promise<Did> {
    return this.#camera.act(this.#numbering(talk), act);
  }

  poll(talk: Talk<IpMessage>): Promise<void> {
    return this.#camera.poll(this.#numbering(talk));
  }

  heard(talk: Talk<IpMessage>, message: IpMessage): void {
    if (message.kind === 'visca') this.#camera.heard(this.#numbering(talk), message.message);
  }

  halt = (talk: Talk<IpMessage>): Promise<void> => this.#camera.halt(this.#numbering(talk));

  #numbering(talk: Talk<IpMessage>): ViscaTalk {
    return { ask: (question) => this.#ask(talk, question), tell: talk.tell, inform: talk.inform, clock: talk.clock };
  }

  async #ask<R>(talk: Talk<IpMessage>, question: ViscaQuestion<R>): Promise<R> {
    if (!this.#counting) await this.#reset(talk);
    const first = await talk.ask(this.#numbered(question));
    if (first !== 'out of step') return first.value;
    // Not carried out: the camera counts from elsewhere, since a restart or another controller.
    await this.#reset(talk);
    const second = await talk.ask(this.#numbered(question));
    if (second !== 'out of step') return second.value;
    const because = 'sequence number abnormal, even after a reset';
    throw new FaultError({ code: 'device.refused', device: 'VISCA over IP', command: question.name, because });
  }

  async #reset(talk: Talk<IpMessage>): Promise<void> {
    this.#counting = true;
    try {
      await talk.ask<null>({
        name: 'reset sequence number',
        bytes: ipReset(),
        timeoutMs: RESET_MS,
        again: RESENT,
        urgent: true,
        match: (message) => {
          if (message.kind !== 'reset') return null;
          // Here, not when the promise is looked at: the next message is numbered before that.
          this.#last = 0;
          return { is: 'answer', value: null };
        },
      });
    } catch (error) {
      this.#counting = false;
      throw error;
    }
  }

  /**
   * Numbered when it is sent, not when it is asked: a stop that overtakes must not leave a gap behind it. The Exchange reads `bytes` once for
   * each sending.
   */
  #numbered<R>(question: ViscaQuestion<R>): Question<IpMessage, Settled<R>> {
    const { bytes: packet, match, executed, silence, ...rest } = question;
    const type = isInquiry(packet) ? ipTypes.inquiry : ipTypes.command;
    let sequence: number | null = null;
    let sent = 0;
    const number = (): number => {
      // An inquiry whose answer was lost is asked as a new one: that it was "had before" would answer nothing.
      if (sequence === null || executed === undefined) {
        this.#last = (this.#last + 1) >>> 0;
        sequence = this.#last;
        sent = 0;
      }
      sent++;
      return sequence;
    };
    return {
      ...rest,
      again: RESENT,
      ...(silence === undefined ? {} : { silence: { value: { value: silence.value } } }),
      get bytes() {
        return ipDatagram(type, number(), packet);
      },
      match: (message): Answer<Settled<R>> | null => {
        if (message.sequence !== sequence || sent === 0) return null;
        switch (message.kind) {
          case 'reset':
            return null;
          case 'abnormal':
            return { is: 'refusal', because: 'message abnormal' };
          case 'out of step':
            return { is: 'answer', value: sent > 1 && executed !== undefined ? executed : 'out of step' };
          case 'visca': {
            const answer = match(message.message);
            // It was had, and not taken: the next try is another message.
            if (answer?.is === 'busy') sequence = null;
            return answer?.is === 'answer' ? { is: 'answer', value: { value: answer.value } } : answer;
          }
          default:
            return message satisfies never;
        }
      },
    };
  }
}
