/*
 * An SMTP server that takes every message and keeps none, fast enough not to be what a sender is measured by.
 *
 *   sink [queue-ms] [rtt-ms] [chunking]
 *
 * Listens on two free ports of the loopback and prints them as one line of JSON. PIPELINING is offered, and CHUNKING
 * when the third argument is 1. A reply leaves rtt-ms after its command, and queue-ms later still after a final dot,
 * as from a server that is far away, or that writes to a disk. The control port answers each line, `count` or `reset`,
 * with the figures since the last reset. Ends at SIGTERM, or when its standard input ends, and prints the figures.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 256 * 1024, OUT_BYTES = 16 * 1024, PEERS_MAX = 1024, REPLIES_MAX = 64, EVENTS_MAX = 128 };

typedef enum { COMMAND, DATA, CHUNK, CONTROL } Mode;
typedef struct { double due; const char *text; } Reply;
typedef struct {
  int fd;
  Mode mode;
  int fresh;       /* nothing of the body has been read: a dot may stand alone */
  int last;        /* the chunk being read is the last */
  long left;       /* bytes of the chunk still to come */
  size_t held;     /* bytes of `in` that are not understood yet */
  size_t out_held;
  int from, count; /* the ring of replies that are not due yet */
  Reply replies[REPLIES_MAX];
  char out[OUT_BYTES];
  char in[BUFFER_BYTES];
} Peer;

static Peer *peers[PEERS_MAX];
static double queue_ms, rtt_ms, first_ms, last_ms;
static long messages, bytes, connections;
static int chunking, timer;
static volatile sig_atomic_t ended;

static void end(int signal) { (void)signal; ended = 1; }

static double now_ms(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int figures(char *to, size_t room) {
  return snprintf(to, room,
                  "{\"messages\":%ld,\"bytes\":%ld,\"connections\":%ld,\"firstAtMs\":%.3f,\"lastAtMs\":%.3f}\n",
                  messages, bytes, connections, first_ms, last_ms);
}

static void drop(Peer *peer) {
  close(peer->fd);
  peers[peer->fd] = NULL;
  free(peer);
}

static void put(Peer *peer, const char *text) {
  size_t length = strlen(text);
  if (peer->out_held + length > OUT_BYTES) return;
  memcpy(peer->out + peer->out_held, text, length);
  peer->out_held += length;
}

static void reply(Peer *peer, const char *text, double delay_ms) {
  if (delay_ms <= 0 && peer->count == 0) { put(peer, text); return; }
  if (peer->count == REPLIES_MAX) return;
  double due = now_ms(CLOCK_MONOTONIC) + delay_ms;
  if (peer->count > 0) {
    double before = peer->replies[(peer->from + peer->count - 1) % REPLIES_MAX].due;
    if (due < before) due = before;
  }
  peer->replies[(peer->from + peer->count) % REPLIES_MAX] = (Reply){due, text};
  peer->count += 1;
}

/* 0 when the peer is gone. */
static int flush(Peer *peer) {
  if (peer->out_held == 0) return 1;
  ssize_t sent = send(peer->fd, peer->out, peer->out_held, MSG_NOSIGNAL);
  int whole = sent == (ssize_t)peer->out_held;
  peer->out_held = 0;
  return whole;
}

static void accepted(Peer *peer) {
  last_ms = now_ms(CLOCK_REALTIME);
  if (messages == 0) first_ms = last_ms;
  messages += 1;
  reply(peer, "250 2.0.0 taken\r\n", rtt_ms + queue_ms);
}

/* 0 when the peer has said QUIT. */
static int command(Peer *peer, const char *line) {
  if (strncasecmp(line, "EHLO", 4) == 0)
    reply(peer, chunking ? "250-sink\r\n250-CHUNKING\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
                         : "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n", rtt_ms);
  else if (strncasecmp(line, "DATA", 4) == 0) {
    peer->mode = DATA;
    peer->fresh = 1;
    reply(peer, "354 go on\r\n", rtt_ms);
  } else if (chunking && strncasecmp(line, "BDAT", 4) == 0) {
    char *after;
    peer->mode = CHUNK;
    peer->left = strtol(line + 4, &after, 10);
    peer->last = strncasecmp(after, " LAST", 5) == 0;
  } else if (strncasecmp(line, "QUIT", 4) == 0) {
    put(peer, "221 2.0.0 bye\r\n");
    flush(peer);
    return 0;
  } else
    reply(peer, "250 2.1.0 ok\r\n", rtt_ms);
  return 1;
}

static void control(Peer *peer, const char *line) {
  char text[256];
  figures(text, sizeof text);
  if (strncmp(line, "reset", 5) == 0) { messages = bytes = connections = 0; first_ms = last_ms = 0; }
  put(peer, text);
}

/* How many bytes of the body or chunk at `from` were understood; 0 when more are needed. */
static size_t body(Peer *peer, char *from, size_t length) {
  if (peer->mode == CHUNK) {
    size_t taken = (long)length < peer->left ? length : (size_t)peer->left;
    peer->left -= taken;
    bytes += taken;
    if (peer->left == 0) {
      peer->mode = COMMAND;
      if (peer->last) accepted(peer); else reply(peer, "250 2.0.0 chunk\r\n", rtt_ms);
    }
    return taken;
  }
  if (peer->fresh) {
    if (length < 3) return 0;
    peer->fresh = 0;
    if (memcmp(from, ".\r\n", 3) == 0) { peer->mode = COMMAND; accepted(peer); return 3; }
  }
  char *dot = memmem(from, length, "\r\n.\r\n", 5);
  if (dot) {
    size_t taken = dot + 5 - from;
    bytes += taken;
    peer->mode = COMMAND;
    accepted(peer);
    return taken;
  }
  /* The end may have come in part: its first four bytes stay. */
  size_t taken = length > 4 ? length - 4 : 0;
  bytes += taken;
  return taken;
}

/* 0 when the peer is to be dropped. */
static int understand(Peer *peer) {
  size_t at = 0;
  while (at < peer->held || (peer->mode == CHUNK && peer->left == 0)) {
    char *from = peer->in + at;
    size_t length = peer->held - at;
    if (peer->mode == DATA || peer->mode == CHUNK) {
      Mode before = peer->mode;
      size_t taken = body(peer, from, length);
      at += taken;
      if (taken == 0 && peer->mode == before) break;
      continue;
    }
    char *line_end = memchr(from, '\n', length);
    if (!line_end) break;
    *line_end = '\0';
    at += line_end + 1 - from;
    if (peer->mode == CONTROL) control(peer, from);
    else if (!command(peer, from)) return 0;
  }
  memmove(peer->in, peer->in + at, peer->held - at);
  peer->held -= at;
  return peer->held < BUFFER_BYTES;
}

static int hear(Peer *peer) {
  ssize_t got = recv(peer->fd, peer->in + peer->held, BUFFER_BYTES - peer->held, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  if (got <= 0) return 0;
  peer->held += got;
  return understand(peer) && flush(peer);
}

static void welcome(int door, int loop, Mode mode) {
  int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  Peer *peer = fd < PEERS_MAX ? malloc(sizeof *peer) : NULL;
  if (!peer) { close(fd); return; }
  peer->fd = fd;
  peer->mode = mode;
  peer->held = peer->out_held = 0;
  peer->from = peer->count = 0;
  peers[fd] = peer;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  epoll_ctl(loop, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
  if (mode == CONTROL) return;
  connections += 1;
  reply(peer, "220 sink ESMTP\r\n", rtt_ms);
  if (!flush(peer)) drop(peer);
}

/* Lets go of the replies that are due, and sets the timer for the next. */
static void release(void) {
  double now = now_ms(CLOCK_MONOTONIC), next = 0;
  for (int fd = 0; fd < PEERS_MAX; fd += 1) {
    Peer *peer = peers[fd];
    if (!peer || peer->count == 0) continue;
    while (peer->count > 0 && peer->replies[peer->from].due <= now) {
      put(peer, peer->replies[peer->from].text);
      peer->from = (peer->from + 1) % REPLIES_MAX;
      peer->count -= 1;
    }
    double due = peer->count > 0 ? peer->replies[peer->from].due : 0;
    if (due > 0 && (next == 0 || due < next)) next = due;
    if (!flush(peer)) drop(peer);
  }
  struct itimerspec at = {0};
  at.it_value.tv_sec = (time_t)(next / 1e3);
  at.it_value.tv_nsec = (long)((next - at.it_value.tv_sec * 1e3) * 1e6);
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static int listen_on_loopback(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 512) < 0) {
    perror("sink");
    exit(1);
  }
  getsockname(fd, (struct sockaddr *)&address, &length);
  *port = ntohs(address.sin_port);
  return fd;
}

int main(int argc, char **argv) {
  queue_ms = argc > 1 ? atof(argv[1]) : 0;
  rtt_ms = argc > 2 ? atof(argv[2]) : 0;
  chunking = argc > 3 && atoi(argv[3]) == 1;
  int port, control_port, loop = epoll_create1(0);
  int door = listen_on_loopback(&port), control_door = listen_on_loopback(&control_port);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  int watched[] = {door, control_door, timer, STDIN_FILENO};
  for (int i = 0; i < 4; i += 1)
    epoll_ctl(loop, EPOLL_CTL_ADD, watched[i], &(struct epoll_event){.events = EPOLLIN, .data.fd = watched[i]});
  signal(SIGTERM, end);
  signal(SIGINT, SIG_IGN);
  printf("{\"port\":%d,\"control\":%d}\n", port, control_port);
  fflush(stdout);
  int delays = queue_ms > 0 || rtt_ms > 0;
  struct epoll_event events[EVENTS_MAX];
  while (!ended) {
    int count = epoll_wait(loop, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i += 1) {
      int fd = events[i].data.fd;
      if (fd == door) welcome(door, loop, COMMAND);
      else if (fd == control_door) welcome(control_door, loop, CONTROL);
      else if (fd == STDIN_FILENO) { char gone[64]; if (read(fd, gone, sizeof gone) <= 0) ended = 1; }
      else if (fd == timer) { char ticks[8]; if (read(fd, ticks, sizeof ticks) < 0 && errno != EAGAIN) ended = 1; }
      else if (peers[fd] && !hear(peers[fd])) drop(peers[fd]);
    }
    if (delays) release();
  }
  char text[256];
  figures(text, sizeof text);
  fputs(text, stdout);
  return 0;
}
