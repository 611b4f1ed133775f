/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D: configuration space, as a firmware finds it.
 */

#include <linux/pci_regs.h>
#include "device.h"

#define DEVFN       (4 << 3)
#define VRAM_AT     0xe8200000u
#define MSIX_AT     0xe8300000u

static void choose(Machine *q, unsigned reg)
{
    qemu_ask(q, "outl 0xcf8 0x%x\n", 0x80000000u | DEVFN << 8 | (reg & 0xfc));
}

static void write_config(Machine *q, unsigned reg, uint16_t value)
{
    choose(q, reg);
    qemu_ask(q, "outw 0x%x 0x%x\n", 0xcfc + reg % 4, value);
}

static uint16_t read_config(Machine *q, unsigned reg)
{
    choose(q, reg);
    return qemu_ask(q, "inw 0x%x\n", 0xcfc + reg % 4);
}

static void place_bar(Machine *q, unsigned bar, uint32_t at)
{
    unsigned reg = PCI_BASE_ADDRESS_0 + 4 * bar;

    choose(q, reg);
    qemu_ask(q, "outl 0xcfc 0x%x\n", at);
    choose(q, reg + 4);
    qemu_ask(q, "outl 0xcfc 0\n");
}

static unsigned capability(Machine *q, uint8_t id)
{
    unsigned at = read_config(q, PCI_CAPABILITY_LIST) & 0xfc;

    for (unsigned i = 0; at && i < 48; i++) {
        uint16_t head = read_config(q, at);

        if ((head & 0xff) == id) {
            return at;
        }
        at = head >> 8 & 0xfc;
    }
    broken("the function has no capability %u", id);
}

void pci_master(Machine *q, bool on)
{
    write_config(q, PCI_COMMAND,
                 PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0));
}

void pci_place(Machine *q)
{
    place_bar(q, PUCK_GPU_BAR_REGS, PCI_REGS);
    place_bar(q, PUCK_GPU_BAR_VRAM, VRAM_AT);
    place_bar(q, PUCK_GPU_BAR_MSIX, MSIX_AT);
    pci_master(q, true);
}

void pci_power(Machine *q, bool on)
{
    write_config(q, capability(q, PCI_CAP_ID_PM) + PCI_PM_CTRL, on ? 0 : 3);
}

void pci_reset(Machine *q)
{
    write_config(q, capability(q, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL,
                 PCI_EXP_DEVCTL_BCR_FLR);
    pci_place(q);
}
