/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the items of NvDs metadata on a canvas.
 *
 * Upright boxes are filled directly. Other shapes are drawn by Cairo on one small tile after
 * another and blended from there: only tiles that a shape touches cost anything. */
#ifndef DSBIND_OSD_PAINTER_H
#define DSBIND_OSD_PAINTER_H

#include "canvas.h"

typedef struct OsdPainter OsdPainter;

OsdPainter *osd_painter_new(void);
void osd_painter_free(OsdPainter *painter);

void osd_painter_rect(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_RectParams *rect);
void osd_painter_mask(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_MaskParams *mask,
                      const NvOSD_RectParams *rect);
void osd_painter_line(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_LineParams *line);
void osd_painter_arrow(OsdPainter *painter, const OsdCanvas *canvas,
                       const NvOSD_ArrowParams *arrow);
void osd_painter_circle(OsdPainter *painter, const OsdCanvas *canvas,
                        const NvOSD_CircleParams *circle);
void osd_painter_text(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_TextParams *text);
void osd_painter_blur(const OsdCanvas *canvas, const NvOSD_RectParams *rect);

#endif
