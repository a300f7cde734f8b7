import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Behaviour, type Rule, ruleFor } from './behaviour.ts';

/** What all conversations of a sink share. */
export interface Floor {
  behaviour: Behaviour;
  seen: Set<string>;
  /** Called when a message is taken, before anything is said about it. */
  take(recipient: string, message: string): void;
  /** Called when a connection is dropped on purpose. */
  dropped(): void;
  /** Called with each 4xx and 5xx that is said. */
  rejected(): void;
}

/** One SMTP connection, pipelined or not, from greeting to end. */
export async function converse(socket: Socket, floor: Floor): Promise<void> {
  const ear = listen(socket);
  let recipient = '';
  let messages = 0;
  const say = (line: string) => {
    if (floor.behaviour.black || socket.destroyed) return;
    if (/^[45]/.test(line)) floor.rejected();
    socket.write(`${line}\r\n`);
  };
  const drop = () => {
    floor.dropped();
    socket.destroy();
  };
  const rule = (at: Rule['at']) => ruleFor(floor.behaviour.rules, at, recipient, floor.seen);

  say('220 sink ESMTP');
  for (;;) {
    const line = await ear.upTo('\r\n');
    if (line === undefined) return;
    if (floor.behaviour.black) continue;
    switch (line.slice(0, 4).toUpperCase()) {
      case 'EHLO':
        say('250-sink\r\n250-PIPELINING\r\n250 8BITMIME');
        break;
      case 'MAIL': {
        recipient = '';
        const { messagesMax } = floor.behaviour;
        if (messagesMax !== null && messages >= messagesMax) {
          say('421 4.7.0 too many messages on this connection');
          return void socket.end();
        }
        say('250 2.1.0 ok');
        break;
      }
      case 'RCPT': {
        recipient = /<([^>]*)>/.exec(line)?.[1] ?? '';
        const answer = rule('rcpt')?.answer ?? '250 2.1.5 ok';
        if (answer === 'drop') return drop();
        if (!answer.startsWith('2')) recipient = '';
        say(answer);
        if (answer.startsWith('421')) return void socket.end();
        break;
      }
      case 'DATA': {
        if (recipient === '') {
          say('554 5.5.1 no valid recipients');
          break;
        }
        say('354 go on');
        if (rule('body')?.answer === 'drop') {
          await ear.something();
          return drop();
        }
        const message = await ear.upTo('\r\n.\r\n');
        if (message === undefined || floor.behaviour.black) return;
        messages += 1;
        const answer = rule('dot')?.answer ?? '250 2.0.0 taken';
        if (answer === 'drop') return drop();
        if (answer === 'take-and-drop' || answer.startsWith('2')) floor.take(recipient, message);
        if (answer === 'take-and-drop') return drop();
        await pause(floor.behaviour.delayMs);
        say(answer);
        break;
      }
      case 'QUIT':
        say('221 2.0.0 bye');
        return void socket.end();
      default:
        say('250 2.0.0 ok');
    }
  }
}

/** Reads what a socket brings, piece by piece. */
function listen(socket: Socket) {
  let heard = '';
  let wake = () => {};
  socket.setEncoding('latin1').setNoDelay(true);
  socket.on('data', (chunk: string) => {
    heard += chunk;
    wake();
  });
  socket.on('close', () => wake());
  const more = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return {
    /** The text up to this mark, without it; undefined when the connection has ended before. */
    async upTo(mark: string): Promise<string | undefined> {
      for (;;) {
        const end = heard.indexOf(mark);
        if (end >= 0) {
          const piece = heard.slice(0, end);
          heard = heard.slice(end + mark.length);
          return piece;
        }
        if (socket.destroyed || socket.readableEnded) return undefined;
        await more();
      }
    },
    /** Until anything has been heard. */
    async something(): Promise<void> {
      if (heard === '' && !socket.destroyed) await more();
    },
  };
}
