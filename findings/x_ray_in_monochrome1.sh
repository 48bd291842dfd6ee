#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An X-ray image in DICOM that is MONOCHROME1, which says that its least value is to be shown white; the values mean what they mean in
# MONOCHROME2. By two packages.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pydicom==3.0.2 SimpleITK==2.5.7
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset

SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
VALUES = [0, 1, 2, 1000, 4095]
CLASS = '1.2.840.10008.5.1.4.1.1.1.1'


def read(kind, bits):
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = '1.2.840.10008.1.2.1'
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = CLASS
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = '1.2.3'
    image.Rows, image.Columns, image.SamplesPerPixel, image.PhotometricInterpretation = 1, len(VALUES), 1, kind
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, bits, bits - 1, 0
    image.PixelData = np.array(VALUES, '<u2').tobytes()
    image['PixelData'].VR = 'OW'
    image.save_as('image.dcm', enforce_file_format=True)
    return [pydicom.dcmread('image.dcm').pixel_array.ravel().tolist(),
            SimpleITK.GetArrayFromImage(SimpleITK.ReadImage('image.dcm')).ravel().tolist()]


two, one, wide = read('MONOCHROME2', 12), read('MONOCHROME1', 12), read('MONOCHROME1', 16)
print(f'SimpleITK {SimpleITK.__version__}, pydicom {pydicom.__version__}\n'
      f'guess: {VALUES}, whichever way it is shown, as of MONOCHROME2 {two}\n'
      f'seen:  pydicom {one[0]}, SimpleITK {one[1]}; of 16 bits stored {wide[1]}')
held = two == [VALUES] * 2 and one[0] == wide[0] == VALUES and wide[1] == [65535 - value for value in VALUES] and one[1] != VALUES
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
