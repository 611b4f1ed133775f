/* SPDX-License-Identifier: MIT */
/* Messages between processes, with an open file or without: a socket of AF_UNIX. */
#ifndef LIB_BASE_PASS_H
#define LIB_BASE_PASS_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Sends @size bytes, and @file unless that is negative; returns 0 or a negative errno. */
static inline int pass_send(int sock, const void *data, size_t size, int file)
{
	char control[CMSG_SPACE(sizeof(file))] = "";
	struct iovec iov = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t sent;

	if (file >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(file));
		memcpy(CMSG_DATA(cmsg), &file, sizeof(file));
	}
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size ? 0 : sent < 0 ? -errno : -EIO;
}

/*
 * Waits for as many bytes. @file gets the file that came with them, or -1. -EPIPE: the other side
 * has gone.
 */
static inline int pass_receive(int sock, void *data, size_t size, int *file)
{
	char control[CMSG_SPACE(sizeof(*file))];
	struct iovec iov = { data, size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	ssize_t came;

	*file = -1;
	do {
		came = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (came < 0 && errno == EINTR);
	if (came < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(file, CMSG_DATA(cmsg), sizeof(*file));
	return came == (ssize_t)size ? 0 : came ? -EIO : -EPIPE;
}

#endif /* LIB_BASE_PASS_H */
