/* SPDX-License-Identifier: Apache-2.0 */
/* The layouts of the YOLO family: told apart by how many candidates a grid of the input has. */
#ifndef DSBIND_INFER_YOLO_H
#define DSBIND_INFER_YOLO_H

#include "box_parser.h"

namespace dsbind::infer {

struct YoloLayout {
  enum Kind {
    Rows,      /* candidates x (box, objectness, classes) */
    GridRows,  /* the same; boxes in cells of the grid */
    PlainRows, /* candidates x (box, classes) */
    Columns,   /* (box, classes) x candidates */
    Corners,   /* candidates x (two corners, confidence, class) */
  } kind = Rows;
  size_t layer = 0;
  unsigned candidates = 0, classes = 0;
  unsigned extra = 0; /* values after the classes: the coefficients of masks */
};

/* `extra` values of each candidate are not its own. False when no layer is of a YOLO. */
bool find_yolo_layout(const Layers &layers, const Network &network, BoxFormat format,
                      unsigned num_classes, unsigned extra, YoloLayout *found);

/* Adds the boxes; `from` gets the candidate of each, when it is not null. */
void parse_yolo(const Layers &layers, const YoloLayout &layout, const Network &network,
                const Thresholds &thresholds, Boxes *boxes, std::vector<unsigned> *from);

}  // namespace dsbind::infer

#endif
