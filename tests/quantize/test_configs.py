"""The scheme is one of tfmot's: its own wrappers, given our configs, compute what the simulation computes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tensorflow_model_optimization.quantization import keras as tfmot

from pynet_tf.layers import OWN_LAYERS
from quantize.calibration import calibrate, spans
from quantize.graph import OUTPUT, parents
from quantize.quantizers import KernelQuantizer
from quantize.scheme import RECIPES, make_scheme
from quantize.simulation import Simulation
from tests.quantize.conftest import Make, inputs

LAYERS = ("encoder4_conv3a", "encoder4_conv3a_norm", "encoder4_conv3a_leaky", "level4_up_p", "level4_add2", "level1")


@pytest.mark.parametrize(
    ("recipe", "head"), [("int8", "blend"), pytest.param("int8-full", "residual", marks=pytest.mark.slow)]
)
def test_tfmots_wrapper_of_a_layer_computes_what_the_simulation_computes(make_model: Make, recipe, head) -> None:
    simulation = simulate(make_model(head=head), recipe)
    tensors = simulation.layers(next(inputs(1)))
    read = parents(simulation.model)
    for name in LAYERS:
        layer = simulation.model.get_layer(name)
        copy = type(layer).from_config(layer.get_config())
        given = [tensors[parent] for parent in read[name]]
        given = given[0] if len(given) == 1 else given
        copy(given)
        copy.set_weights(layer.get_weights())
        wrapper = tfmot.QuantizeWrapperV2(copy, simulation.quantization.get_quantize_config(layer))
        theirs = wrapper(given, training=False).numpy()
        theirs = theirs.clip(0, 1) if name == OUTPUT else theirs  # the simulation's picture is limited as a file's is
        np.testing.assert_allclose(theirs, tensors[name], atol=1e-6, err_msg=name)


@pytest.mark.slow
def test_tfmot_applies_the_scheme_to_a_whole_network(make_model: Make) -> None:
    simulation = simulate(make_model(head="blend"), "int8")
    model, photo = simulation.model, np.rint(next(inputs(1)) * 255).astype(np.float32) / 255

    def annotated(layer: keras.layers.Layer) -> keras.layers.Layer:
        copy = type(layer).from_config(layer.get_config())
        return tfmot.quantize_annotate_layer(copy) if simulation.quantization.supports(layer) else copy

    with keras.saving.custom_object_scope(OWN_LAYERS):
        marked = keras.models.clone_model(model, clone_function=annotated)
        marked.set_weights(model.get_weights())
        wrapped = tfmot.quantize_apply(marked, simulation.quantization)
    assert any(isinstance(layer, tfmot.QuantizeWrapper) for layer in wrapped.layers)
    theirs = wrapped(photo, training=False)[OUTPUT].numpy().clip(0, 1)
    apart = np.abs(theirs - simulation(tf.constant(photo)))
    assert (apart > 1e-6).mean() < 1e-3  # sums in another order fall to the other side of a tie here and there
    assert apart.max() < 4 / 255


def simulate(model: keras.Model, recipe: str) -> Simulation:
    scheme = make_scheme(model, RECIPES[recipe])
    return Simulation(model, scheme, spans(calibrate(model, scheme, inputs(2))))


def test_each_map_of_a_transposed_convolution_has_a_scale() -> None:
    kernel = tf.constant(np.random.default_rng(1).normal(0, [[1.0], [100.0]], (3, 3, 2, 4)), tf.float32)
    quantizer = KernelQuantizer(2)
    values = quantizer(kernel, True, quantizer.build(kernel.shape, "kernel", keras.layers.Layer())).numpy()
    for place in range(2):
        step = np.abs(kernel[:, :, place]).max() / 127
        assert np.abs(values[:, :, place] - kernel[:, :, place]).max() <= step / 2 * 1.001
        np.testing.assert_allclose(values[:, :, place] / step, np.rint(values[:, :, place] / step), atol=1e-3)
