/* Every bound of the relay in one place. Nothing here grows with what comes from the network. */
#ifndef BOUNDS_H
#define BOUNDS_H

#define PACKET_MAX 1456        /* SRT live payload in a 1500-byte frame: 1500 - 28 (IP, UDP) - 16 (SRT). */
#define NAME_SIZE 64           /* Node, link, input and view names, with the final NUL. */
#define PATH_SIZE 41           /* The third part of a stream id, with the final NUL. */
#define STREAM_ID_SIZE 160
#define KEY_SIZE 80            /* SRT allows passphrases of 10 to 79 characters. */
#define HOST_SIZE 64
#define DEVICE_SIZE 16         /* A network interface, with the final NUL (IFNAMSIZ). */
#define IN_KBPS 20000          /* What is taken from one connection of a peer unless "allow" says otherwise: several times what a site ever sends. */
#define NAMES_MAX 1024
#define CONNS_MAX 256
#define PATHS_MAX 4            /* Live sub connections of one peer. */
#define RETIRING_MAX 64        /* Replaced sockets that are still read out. */
#define STREAMS_MAX 1024
#define TARGETS_MAX 128        /* Per route. */
#define VIEWS_MAX 256
#define BACKUPS_MAX 3         /* Of a view. */
#define INPUTS_MAX 256
#define ALLOWED_MAX 1024
#define HELD_MAX 10240         /* Video packets that wait in front of connections, of all together: what 200 connections send in 200 ms; 15 MB once all are used. */
#define SLOTS 64               /* Packets held between two flushes of the UDP output. */
#define BATCH 32               /* Packets taken from one UDP input by one system call. */
#define LINE_MAX_BYTES (1 << 20)
#define OUT_BYTES (4 << 20)    /* Replies and events waiting for a slow reader; beyond that events are dropped and counted. */
#define TOKENS_MAX 4096        /* JSON values in one command. */
#define JSON_DEPTH_MAX 8
#define PORT_FREE_MIN 10000    /* "Port 0" means one in this range: no ephemeral socket can take it. */
#define PORT_FREE_MAX 32767

#endif
