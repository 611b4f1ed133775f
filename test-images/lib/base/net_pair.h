/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two network interfaces on one wire, the second one in a network namespace of
 * its own, where a server sends back what comes.
 */
#ifndef NET_PAIR_H
#define NET_PAIR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/base/command.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"

#define NET_HERE "10.7.0.1"
#define NET_THERE "10.7.0.2"
#define NET_PORT 7000
#define NET_CHUNK 65536u

static inline struct sockaddr_in net_address(const char *ip)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(NET_PORT) };

	inet_pton(AF_INET, ip, &addr.sin_addr);
	return addr;
}

/* Until the other side has no more to send. */
static inline void net_echo(int fd)
{
	char buf[NET_CHUNK];
	ssize_t len, done, n;

	while ((len = read(fd, buf, sizeof(buf))) > 0)
		for (done = 0; done < len; done += n) {
			n = write(fd, buf + done, (size_t)(len - done));
			if (n <= 0)
				return;
		}
}

static inline int net_listener(void)
{
	struct sockaddr_in addr = net_address(NET_THERE);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&addr, sizeof(addr)) || listen(fd, 1))
		_exit(4);
	return fd;
}

/* The process in the other namespace. Serves one connection, or all that come. */
static inline void net_serve(int ready, int go, const char *name, bool forever)
{
	int listener, fd, one = 1;
	char c = 0;

	if (unshare(CLONE_NEWNET) || write(ready, &c, 1) != 1 || read(go, &c, 1) != 1)
		_exit(2);
	if (run("ip link set lo up; ip addr add " NET_THERE "/24 dev %s && ip link set %s up",
		name, name))
		_exit(3);
	listener = net_listener();
	if (write(ready, &c, 1) != 1)
		_exit(5);
	do {
		fd = accept(listener, NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		net_echo(fd);
		close(fd);
	} while (forever);
	_exit(0);
}

/* Moves interface @name to a namespace of its own, and starts the server there. */
static inline pid_t net_start(const char *name, bool forever)
{
	int ready[2], go[2];
	char c = 0;
	pid_t pid;

	ktap_need(!pipe(ready) && !pipe(go), "pipes");
	pid = fork();
	if (!pid)
		net_serve(ready[1], go[0], name, forever);
	close(ready[1]);
	close(go[0]);
	ktap_need(read(ready[0], &c, 1) == 1, "another network namespace");
	ktap_need(!run("ip link set dev %s netns %d", name, pid), "%s moves there", name);
	ktap_need(write(go[1], &c, 1) == 1 && read(ready[0], &c, 1) == 1,
		  "a server listens there");
	close(ready[0]);
	close(go[1]);
	return pid;
}

/* The interface on this side gets its address. */
static inline bool net_up(const char *name)
{
	return !run("ip addr flush dev %s; ip addr add " NET_HERE "/24 dev %s && ip link set %s up",
		    name, name, name);
}

/* Fails after some seconds if nobody answers. */
static inline int net_try(void)
{
	struct sockaddr_in addr = net_address(NET_THERE);
	int fd, one = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &one, sizeof(one));
	if (!connect(fd, (void *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

/* Waits for the link. */
static inline int net_connect(void)
{
	unsigned int looks = 0;
	int fd;

	do {
		fd = net_try();
	} while (fd < 0 && patient(&looks));
	return fd;
}

#endif /* NET_PAIR_H */
