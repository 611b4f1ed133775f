/* SPDX-License-Identifier: MIT */
/*
 * puck-iommu: what device, driver and tests share.
 *
 * docs/specs/iommu.rst is the contract; the section of it that a group
 * of definitions follows is named above the group. All registers and all
 * structures in memory are little-endian. Masks are plain constants, so
 * that FIELD_GET() in the kernel and extract64() in QEMU both take them.
 */
#ifndef PUCK_ABI_IOMMU_H
#define PUCK_ABI_IOMMU_H

#include <linux/types.h>

/* Section "PCI identity" */
#define PUCK_IOMMU_PCI_VENDOR		0x1234
#define PUCK_IOMMU_PCI_DEVICE		0x70c0
#define PUCK_IOMMU_PCI_REVISION		1
#define PUCK_IOMMU_BAR_REGS		0
#define PUCK_IOMMU_BAR_REGS_SIZE	0x1000
#define PUCK_IOMMU_BAR_MSIX		2
#define PUCK_IOMMU_VEC_FAULT		0
#define PUCK_IOMMU_VEC_CMD		1
#define PUCK_IOMMU_VEC_POLICY		2
#define PUCK_IOMMU_NUM_VECS		3

/* Section "Registers": offsets in the register BAR */
#define PUCK_IOMMU_MAGIC		0x000	/* RO  32 */
#define PUCK_IOMMU_VERSION		0x004	/* RO  32 */
#define PUCK_IOMMU_CAP			0x008	/* RO  64 */
#define PUCK_IOMMU_IOTLB_CAPACITY	0x010	/* RO  32 */
#define PUCK_IOMMU_CTRL			0x018	/* RW  32 */
#define PUCK_IOMMU_STATUS		0x01c	/* RO/W1C 32 */
#define PUCK_IOMMU_ROOT			0x020	/* RW  64 */
#define PUCK_IOMMU_CQ_BASE		0x028	/* RW  64 */
#define PUCK_IOMMU_CQ_HEAD		0x030	/* RO  32 */
#define PUCK_IOMMU_CQ_TAIL		0x034	/* RW  32, doorbell */
#define PUCK_IOMMU_FQ_BASE		0x038	/* RW  64 */
#define PUCK_IOMMU_FQ_HEAD		0x040	/* RW  32 */
#define PUCK_IOMMU_FQ_TAIL		0x044	/* RO  32 */
#define PUCK_IOMMU_IRQ_STATUS		0x048	/* W1C 32 */
#define PUCK_IOMMU_IRQ_ENABLE		0x04c	/* RW  32 */
#define PUCK_IOMMU_CQ_ERROR		0x050	/* RO  32 */
#define PUCK_IOMMU_SCOPE_COUNT		0x07c	/* RO  32 */
#define PUCK_IOMMU_SCOPE(n)		(0x080 + 4 * (n))	/* RO 32 */
#define PUCK_IOMMU_SCOPE_MAX		16

/* Section "Counters" */
#define PUCK_IOMMU_CNT_TRANSLATIONS	0x100	/* RO  64 */
#define PUCK_IOMMU_CNT_HITS		0x108	/* RO  64 */
#define PUCK_IOMMU_CNT_WALKS		0x110	/* RO  64 */
#define PUCK_IOMMU_CNT_FAULTS		0x118	/* RO  64 */
#define PUCK_IOMMU_CNT_FAULTS_LOST	0x120	/* RO  64 */
#define PUCK_IOMMU_CNT_COMMANDS		0x128	/* RO  64 */
#define PUCK_IOMMU_CNT_INVALIDATIONS	0x130	/* RO  64 */
#define PUCK_IOMMU_CNT_EVICTIONS	0x138	/* RO  64 */
#define PUCK_IOMMU_CNT_STALE_HITS	0x140	/* RO  64 */
#define PUCK_IOMMU_CNT_IOTLB_ENTRIES	0x148	/* RO  64 */
#define PUCK_IOMMU_CNT_STALE_USES	0x150	/* RO  64 */

/* Section "Policy" */
#define PUCK_IOMMU_POLICY_GENERATION	0x200	/* RO  32 */
#define PUCK_IOMMU_POLICY_COUNT		0x204	/* RO  32 */
#define PUCK_IOMMU_POLICY_INDEX		0x208	/* RW  32 */
#define PUCK_IOMMU_POLICY_LENGTH	0x20c	/* RO  32 */
#define PUCK_IOMMU_POLICY_TEXT		0x300	/* RO  32 */
#define PUCK_IOMMU_POLICY_TEXT_SIZE	0x100
#define PUCK_IOMMU_POLICY_LINES_MAX	64

#define PUCK_IOMMU_MAGIC_VALUE		0x4f494b50u	/* "PKIO" */
#define PUCK_IOMMU_VERSION_MAJOR	0xffff0000u
#define PUCK_IOMMU_VERSION_MINOR	0x0000ffffu
#define PUCK_IOMMU_VERSION_VALUE	0x00010001u

/* CAP */
#define PUCK_IOMMU_CAP_IOVA_BITS	0x000000000000003full
#define PUCK_IOMMU_CAP_PA_BITS		0x0000000000003f00ull
#define PUCK_IOMMU_CAP_PAGE_4K		0x0000000000010000ull
#define PUCK_IOMMU_CAP_PAGE_2M		0x0000000000020000ull
#define PUCK_IOMMU_CAP_CQ_ORDER_MAX	0x000000000f000000ull
#define PUCK_IOMMU_CAP_FQ_ORDER_MAX	0x00000000f0000000ull
#define PUCK_IOMMU_CAP_DOMAIN_BITS	0x0000001f00000000ull

#define PUCK_IOMMU_IOVA_BITS		48
#define PUCK_IOMMU_PA_BITS		52
#define PUCK_IOMMU_DOMAIN_BITS		16
#define PUCK_IOMMU_QUEUE_ORDER_MAX	12

/* CTRL */
#define PUCK_IOMMU_CTRL_ENABLE		0x00000001u
#define PUCK_IOMMU_CTRL_CQ_ENABLE	0x00000002u
#define PUCK_IOMMU_CTRL_FQ_ENABLE	0x00000004u
#define PUCK_IOMMU_CTRL_AUDIT		0x00000008u
#define PUCK_IOMMU_CTRL_RESET		0x80000000u	/* reads as 0 */
#define PUCK_IOMMU_CTRL_WRITABLE	0x0000000fu

/* STATUS */
#define PUCK_IOMMU_STATUS_ENABLED	0x00000001u	/* RO */
#define PUCK_IOMMU_STATUS_CQ_ON		0x00000002u	/* RO */
#define PUCK_IOMMU_STATUS_FQ_ON		0x00000004u	/* RO */
#define PUCK_IOMMU_STATUS_CQ_ERROR	0x00000100u	/* W1C */
#define PUCK_IOMMU_STATUS_FQ_OVERFLOW	0x00000200u	/* W1C */
#define PUCK_IOMMU_STATUS_W1C		0x00000300u

/* CQ_BASE, FQ_BASE */
#define PUCK_IOMMU_QUEUE_BASE		0x000ffffffffff000ull
#define PUCK_IOMMU_QUEUE_ORDER		0x000000000000000full

/* IRQ_STATUS, IRQ_ENABLE */
#define PUCK_IOMMU_IRQ_FAULT		0x00000001u
#define PUCK_IOMMU_IRQ_FQ_OVERFLOW	0x00000002u
#define PUCK_IOMMU_IRQ_CMD_SYNC		0x00000004u
#define PUCK_IOMMU_IRQ_CMD_ERROR	0x00000008u
#define PUCK_IOMMU_IRQ_POLICY		0x00000010u
#define PUCK_IOMMU_IRQ_ALL		0x0000001fu

/* CQ_ERROR */
#define PUCK_IOMMU_CQ_ERROR_CODE	0x000000ffu
#define PUCK_IOMMU_CQ_ERROR_INDEX	0xffff0000u

#define PUCK_IOMMU_CQ_ERR_NONE		0
#define PUCK_IOMMU_CQ_ERR_OPCODE	1
#define PUCK_IOMMU_CQ_ERR_RESERVED	2
#define PUCK_IOMMU_CQ_ERR_ADDRESS	3
#define PUCK_IOMMU_CQ_ERR_TAIL		4
#define PUCK_IOMMU_CQ_ERR_FETCH		5
#define PUCK_IOMMU_CQ_ERR_SYNC_WRITE	6

/* SCOPE(n) */
#define PUCK_IOMMU_SCOPE_BUS_FIRST	0x000000ffu
#define PUCK_IOMMU_SCOPE_BUS_LAST	0x0000ff00u
#define PUCK_IOMMU_SCOPE_VALID		0x80000000u

/* Section "Root and context tables" */
#define PUCK_IOMMU_ROOT_ADDR		0x000ffffffffff000ull

struct puck_iommu_root_entry {
	__le64 ctx;		/* one per bus number, 256 of them */
};

#define PUCK_IOMMU_ROOT_ENTRIES		256
#define PUCK_IOMMU_ROOT_ENTRY_VALID	0x0000000000000001ull
#define PUCK_IOMMU_ROOT_ENTRY_ADDR	0x000ffffffffff000ull

struct puck_iommu_ctx_entry {
	__le64 table;		/* one per device and function, 256 of them */
	__le64 domain;
};

#define PUCK_IOMMU_CTX_ENTRIES		256
#define PUCK_IOMMU_CTX_VALID		0x0000000000000001ull
#define PUCK_IOMMU_CTX_MODE		0x000000000000000eull
#define PUCK_IOMMU_CTX_MODE_TRANSLATE	0
#define PUCK_IOMMU_CTX_MODE_IDENTITY	1
#define PUCK_IOMMU_CTX_MODE_BLOCKED	2
#define PUCK_IOMMU_CTX_TABLE		0x000ffffffffff000ull
#define PUCK_IOMMU_CTX_DOMAIN		0x000000000000ffffull

/* Section "Page tables" */
#define PUCK_IOMMU_PT_LEVELS		4
#define PUCK_IOMMU_PT_ENTRIES		512
#define PUCK_IOMMU_PTE_READ		0x0000000000000001ull
#define PUCK_IOMMU_PTE_WRITE		0x0000000000000002ull
#define PUCK_IOMMU_PTE_LEAF		0x0000000000000080ull	/* level 2 only */
#define PUCK_IOMMU_PTE_SOFTWARE		0x0000000000000f00ull	/* ignored */
#define PUCK_IOMMU_PTE_ADDR		0x000ffffffffff000ull
#define PUCK_IOMMU_PTE_ADDR_2M		0x000fffffffe00000ull

/* Section "Interrupt window" */
#define PUCK_IOMMU_MSI_BASE		0xfee00000ull
#define PUCK_IOMMU_MSI_SIZE		0x00100000ull

/* Section "Command queue" */
struct puck_iommu_cmd {
	__le16 opcode;
	__le16 flags;
	__le32 id;		/* domain, or requester for INV_CONTEXT */
	__le64 addr;		/* IOVA, or write-back address of SYNC */
	__le64 size;		/* bytes, INV_RANGE only */
	__le64 data;		/* value that SYNC writes back */
};

#define PUCK_IOMMU_CMD_INV_PAGE		1
#define PUCK_IOMMU_CMD_INV_RANGE	2
#define PUCK_IOMMU_CMD_INV_DOMAIN	3
#define PUCK_IOMMU_CMD_INV_ALL		4
#define PUCK_IOMMU_CMD_INV_CONTEXT	5
#define PUCK_IOMMU_CMD_SYNC		6

/* Flags of SYNC; all other commands take none */
#define PUCK_IOMMU_SYNC_WRITE		0x0001u
#define PUCK_IOMMU_SYNC_IRQ		0x0002u

/* Section "Fault queue" */
struct puck_iommu_fault {
	__le16 requester;
	__u8 reason;
	__u8 flags;
	__le32 domain;
	__le64 iova;
	__le64 entry;		/* address of the table entry at fault, or 0 */
	__le64 time;		/* virtual clock, ns */
};

#define PUCK_IOMMU_FAULT_WRITE		0x01u	/* else a read */
#define PUCK_IOMMU_FAULT_DOMAIN		0x02u	/* the domain field is valid */

#define PUCK_IOMMU_FAULT_ROOT		1
#define PUCK_IOMMU_FAULT_CONTEXT	2
#define PUCK_IOMMU_FAULT_CONTEXT_RSVD	3
#define PUCK_IOMMU_FAULT_BLOCKED	4
#define PUCK_IOMMU_FAULT_ADDRESS	5
#define PUCK_IOMMU_FAULT_NOT_MAPPED	6
#define PUCK_IOMMU_FAULT_PERMISSION	7
#define PUCK_IOMMU_FAULT_PTE_RSVD	8
#define PUCK_IOMMU_FAULT_TABLE_READ	9
#define PUCK_IOMMU_FAULT_INTERRUPT	10
#define PUCK_IOMMU_FAULT_INJECTED	11

/*
 * Layout checks for whichever side includes this. QEMU builds as gnu11,
 * where _Static_assert is the keyword; the kernel has it as well.
 */
_Static_assert(sizeof(struct puck_iommu_root_entry) == 8, "root entry");
_Static_assert(sizeof(struct puck_iommu_ctx_entry) == 16, "context entry");
_Static_assert(sizeof(struct puck_iommu_cmd) == 32, "command");
_Static_assert(__builtin_offsetof(struct puck_iommu_cmd, addr) == 8, "command.addr");
_Static_assert(sizeof(struct puck_iommu_fault) == 32, "fault record");
_Static_assert(__builtin_offsetof(struct puck_iommu_fault, iova) == 8, "fault.iova");

#endif /* PUCK_ABI_IOMMU_H */
