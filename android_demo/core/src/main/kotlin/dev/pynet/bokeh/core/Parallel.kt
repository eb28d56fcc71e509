package dev.pynet.bokeh.core

import java.util.Arrays

/** Does `work` for each number below `count`, on all cores. */
fun inParallel(count: Int, work: (Int) -> Unit) {
    // not IntStream.range: what translates the APK's code back for its test knows no static methods of interfaces
    Arrays.stream(IntArray(count) { it }).parallel().forEach(work)
}
