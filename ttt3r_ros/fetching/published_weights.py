# SPDX-License-Identifier: Apache-2.0
"""Which weights are published: where, how large, under which licence. None of them is ours."""

from __future__ import annotations

from dataclasses import dataclass

CC_BY_NC_SA = ('CC BY-NC-SA 4.0 (https://creativecommons.org/licenses/by-nc-sa/4.0/): free to use and to change, not '
               'for commercial use; who passes it on names the authors and keeps the licence')


@dataclass(frozen=True)
class PublishedWeights:
    """One file as its authors publish it.

    file: its name. size: bytes. sha256: in hexadecimal. places: `owner/repository/path` on the Hugging Face hub, the
    first goes first. by_hand: where a person gets it who needs or wants to. size 0, sha256 empty: nobody has told us.
    """

    file: str
    by_hand: str
    size: int = 0
    sha256: str = ''
    places: tuple[str, ...] = ()
    license: str = CC_BY_NC_SA
    authors: str = 'CUT3R (Wang et al., arXiv 2501.12387); TTT3R uses the same file'


PUBLISHED = {
    'cut3r-512': PublishedWeights(
        'cut3r_512_dpt_4_64.pth',
        by_hand='drive.google.com/file/d/1Asz-ZB3FfpzZYwunhQvNPZEUA8XUNAYD',
        size=3_173_761_006,
        sha256='45f7e98a0a64dbeb54901ae2b878cd8cd125f20a4497316483f0bd6f109f8103',
        places=('liguang0115/cut3r/cut3r_512_dpt_4_64.pth',
                'lmms-lab-si/third-party-models/VLM3R/cut3r_512_dpt_4_64.pth')),
    'cut3r-224': PublishedWeights(
        'cut3r_224_linear_4.pth',
        by_hand='drive.google.com/file/d/11dAgFkWHpaOHsR6iuitlB_v4NFFBrWjy'),
}
