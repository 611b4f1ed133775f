# SPDX-License-Identifier: GPL-2.0-or-later
"""What each class of finding means, in a sentence. docs/dma.rst has them all."""

SENTENCES = {
    "unmap-count": "A list was unmapped with another number of entries than it was mapped with",
    "unmap-size": "A mapping was unmapped with another size than it was mapped with",
    "unmap-direction": "A mapping was unmapped in another direction than it was mapped in",
    "unmap-kind": "A mapping was unmapped by a function of another kind than the one that made it",
    "unmap-twice": "A mapping was unmapped a second time",
    "unmap-unknown": "What was never mapped was unmapped",
    "unmap-error": "A mapping failed, nobody looked, and DMA_MAPPING_ERROR was unmapped",
    "sync-count": "A list was synced with another number of entries than it was mapped with",
    "sync-range": "Bytes outside of their mapping were synced",
    "sync-direction": "A mapping was synced in a direction that it does not have",
    "sync-unmapped": "What was unmapped already was synced",
    "sync-unknown": "What was never mapped was synced",
    "sync-missing": "One side wrote, and the other did not get it: a sync is missing",
    "access-unmapped": "The device accessed memory after it was unmapped",
    "access-guard": "The device accessed a page before or behind a mapping",
    "access-direction": "The device accessed a mapping against its direction",
    "access-unknown": "The device accessed an address that was never mapped",
    "access-error": "A mapping failed, nobody looked, and the device was given DMA_MAPPING_ERROR",
    "access-tail": "The device was given an entry of a list behind the last DMA segment: orig_nents where nents belongs",
    "access-truncated": "The device was given the low 32 bits of a DMA address",
    "access-physical": "The device was given a physical address, and not the DMA address",
    "access-beyond": "Bytes behind or in front of a mapping were written",
    "list-short": "Of each DMA segment the device wrote the first entry alone: sg->length where sg_dma_len() belongs",
    "list-merged": "The work fails when lists are merged: they are walked by sg->length, or to orig_nents",
    "leak": "A mapping was left when the driver unbound",
}


def sentence(one):
    """Of a finding, with who did it where that is known."""
    text = SENTENCES.get(one["class"], one["class"])
    place = culprit(one)
    return text + (f": {place['function']}()" + (f", {place['line']}" if place.get("line") else "") if place else "")


def culprit(one):
    """The place to look at: the call that is wrong, or else who made the mapping."""
    places = one.get("places") or {}
    return places.get("call") or places.get("unmapped") or places.get("mapped")
