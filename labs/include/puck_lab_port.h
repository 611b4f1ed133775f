/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grader's way into a lab's module: a misc device, /dev/puck-lab-DEVICE, whose one
 * ioctl ends in a function of the module's. It is there until the driver unbinds.
 *
 * Nothing in here is to be changed for a lab, nor has it to be understood.
 */
#ifndef PUCK_LAB_PORT_H
#define PUCK_LAB_PORT_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "puck_lab.h"

/*
 * Answers a call: @in has call->in_len bytes, what is in the call->out_len bytes of @out
 * (zero at first) and in call->arg goes back. Both come from kmalloc(), and are the
 * module's to use as long as it is in here. Returns 0 or more, or a negative errno.
 */
typedef long (*puck_lab_fn)(void *priv, struct puck_lab_call *call, void *in, void *out);

/**
 * struct puck_lab_port - the misc device of one bound device
 * @misc: the node
 * @ref: one of the binding's, one of each open file
 * @lock: read by calls, written once: when the driver unbinds. Guards @call
 * @call: the module's function; NULL once the driver has unbound
 * @priv: what it is given
 * @name: of the node
 */
struct puck_lab_port {
	struct miscdevice misc;
	struct kref ref;
	struct rw_semaphore lock;
	puck_lab_fn call;
	void *priv;
	char name[48];
};

static void puck_lab_port_free(struct kref *ref)
{
	kfree(container_of(ref, struct puck_lab_port, ref));
}

static int puck_lab_port_open(struct inode *inode, struct file *file)
{
	struct puck_lab_port *port = container_of(file->private_data, struct puck_lab_port, misc);

	/* misc_deregister() waits for misc_open(), so that the binding's reference is there. */
	kref_get(&port->ref);
	file->private_data = port;
	return 0;
}

static int puck_lab_port_release(struct inode *inode, struct file *file)
{
	struct puck_lab_port *port = file->private_data;

	kref_put(&port->ref, puck_lab_port_free);
	return 0;
}

static long puck_lab_port_run(struct puck_lab_port *port, struct puck_lab_call *call)
{
	void *in, *out;
	long ret = -ENOMEM;

	in = kzalloc(max(call->in_len, 1u), GFP_KERNEL);
	out = kzalloc(max(call->out_len, 1u), GFP_KERNEL);
	if (!in || !out)
		goto err_free;
	ret = -EFAULT;
	if (copy_from_user(in, u64_to_user_ptr(call->in), call->in_len))
		goto err_free;
	down_read(&port->lock);
	ret = port->call ? port->call(port->priv, call, in, out) : -ENODEV;
	up_read(&port->lock);
	if (ret >= 0 && copy_to_user(u64_to_user_ptr(call->out), out, call->out_len))
		ret = -EFAULT;
err_free:
	kfree(out);
	kfree(in);
	return ret;
}

static long puck_lab_port_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct puck_lab_call call, given;
	long ret;

	if (cmd != PUCK_LAB_CALL)
		return -ENOTTY;
	if (copy_from_user(&given, user, sizeof(given)))
		return -EFAULT;
	if (given.pad || given.in_len > PUCK_LAB_BYTES_MAX || given.out_len > PUCK_LAB_BYTES_MAX)
		return -EINVAL;
	/* What the module does to lengths and addresses goes nowhere. */
	call = given;
	ret = puck_lab_port_run(file->private_data, &call);
	memcpy(given.arg, call.arg, sizeof(given.arg));
	if (ret >= 0 && copy_to_user(user, &given, sizeof(given)))
		ret = -EFAULT;
	return ret;
}

static const struct file_operations puck_lab_port_fops = {
	.owner = THIS_MODULE,
	.open = puck_lab_port_open,
	.release = puck_lab_port_release,
	.unlocked_ioctl = puck_lab_port_ioctl,
	.llseek = noop_llseek,
};

static void puck_lab_port_end(void *data)
{
	struct puck_lab_port *port = data;

	misc_deregister(&port->misc);
	/* Calls that are in the module come to their end first. */
	down_write(&port->lock);
	port->call = NULL;
	up_write(&port->lock);
	kref_put(&port->ref, puck_lab_port_free);
}

/**
 * devm_puck_lab_port - let the grader in, until the driver unbinds
 * @dev: the device that is being bound
 * @call: answers calls, some at a time if the grader has threads
 * @priv: what @call is given
 *
 * To be called last: calls may come before it returns.
 *
 * Return: 0 or a negative errno.
 */
static inline int devm_puck_lab_port(struct device *dev, puck_lab_fn call, void *priv)
{
	struct puck_lab_port *port = kzalloc(sizeof(*port), GFP_KERNEL);
	int ret;

	if (!port)
		return -ENOMEM;
	kref_init(&port->ref);
	init_rwsem(&port->lock);
	port->call = call;
	port->priv = priv;
	snprintf(port->name, sizeof(port->name), "puck-lab-%s", dev_name(dev));
	port->misc.minor = MISC_DYNAMIC_MINOR;
	port->misc.name = port->name;
	port->misc.fops = &puck_lab_port_fops;
	ret = misc_register(&port->misc);
	if (ret) {
		kref_put(&port->ref, puck_lab_port_free);
		return ret;
	}
	return devm_add_action_or_reset(dev, puck_lab_port_end, port);
}

#endif /* PUCK_LAB_PORT_H */
