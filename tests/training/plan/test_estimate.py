import pytest

from cnnrepro import models
from cnnrepro.errors import UsageError
from cnnrepro.recipes.catalogue import recipe
from cnnrepro.training.plan import gpus
from cnnrepro.training.plan.estimate import estimate
from cnnrepro.training.plan.throughput import measure_throughput


def test_the_full_imagenet_run_on_the_papers_gpu():
    result = estimate("alexnet", "imagenet2012", "alexnet-2012", device="gtx580")
    # 1,271,167 images in batches of 128: 9,931 steps an epoch, 90 epochs.
    assert result["training images"].value == 1_271_167
    assert result["steps"].value == 9_931 * 90
    assert result["parameters"].kind == "exact"
    # The recipe gives it the 227 pixels of its arithmetic; 224 without padding are told not to fit.
    assert (result["parameters"].value, result["multiply-adds an image"].value) == (60_965_224, 724_406_816)
    assert all(line.what != "does not fit" for line in result.lines)
    at_224 = estimate("alexnet", "imagenet2012", "alexnet-2012", device="gtx580", pipeline="alexnet-2012")
    assert "49,430,888 parameters, not 60,965,224" in " ".join(
        line.basis for line in at_224.lines if line.what == "does not fit"
    )
    assert result["read an epoch"].value == pytest.approx(1_271_167 * 256 * 256 * 3 / 1e9)
    # One card has half of the paper's two, so 10 to 12 days are twice "five to six days".
    assert result["training images/s"].kind == "projected"
    assert 9 < result["days"].value < 13


def test_the_share_of_the_peak_is_the_papers():
    operations = 724_406_816 * 2 * 3 * 1.2e6 * 90
    days_at_the_peak = operations / (2 * gpus.device("gtx580").teraflops * 1e12) / 86_400
    assert days_at_the_peak / 5.5 == pytest.approx(gpus.UTILISATION, abs=0.01)


def test_hours_follow_from_a_throughput():
    result = estimate("resnet20", "mnist_5k", throughput=350, epochs=4, batch_size=100)
    assert result["steps"].value == 4 * 35
    assert result["hours"].value == pytest.approx(4 * 3_500 / 350 / 3_600)
    assert result["training images/s"].kind == "exact"


def test_memory_of_weights_follows_the_optimiser():
    adam = estimate("resnet20", "mnist_5k", "adam", throughput=1, precision="float32")
    sgd = estimate("resnet20", "mnist_5k", "sgd", throughput=1, precision="float32")
    more = (adam["memory for a batch"].value - sgd["memory for a batch"].value) * 1e9
    assert more == pytest.approx(4 * adam["parameters"].value)


def test_without_device_or_throughput_it_is_measured_here():
    result = estimate("lenet5_modern", "mnist_5k")
    assert result["training images/s"].kind == "measured"
    assert result["training images/s"].value > 1
    assert result["hours"].kind == "projected"
    assert {line.kind for line in result.lines} == {"exact", "measured", "projected"}


def test_a_folder_is_counted_and_not_opened(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(10):
            (tmp_path / name / f"{number}.jpg").write_bytes(b"no picture")
    result = estimate("alexnet_small", f"folder:{tmp_path}", throughput=10)
    assert result["training images"].value == 16
    assert result["network sees"].value == "256 x 256 x 3, 2 classes"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"device": "h100", "throughput": 3.0}, "--device and --throughput"),
        ({"throughput": 0.0}, "throughput must be a positive number"),
        ({"throughput": float("nan")}, "throughput must be a positive number"),
        ({"device": "h1000"}, "Unknown device 'h1000'.*Did you mean 'h100'"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": -1}, "batch_size must be at least 1"),
        ({"batch_size": 3501}, "batch_size must be at most 3500, the training images of mnist_5k. Received: 3501"),
        ({"device": "A100"}, "Did you mean 'a100'"),
    ],
)
def test_a_bad_value_is_one_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        estimate("resnet20", "mnist_5k", **changes)


def test_rows_say_what_is_exact_measured_and_projected():
    rows = estimate("resnet20", "mnist_5k", device="t4").rows()
    assert all(basis.split(":")[0] in ("exact", "measured", "projected") for _, _, basis in rows)
    assert ("steps", "140") in [(what, value) for what, value, _ in rows]


def test_a_measurement_leaves_the_number_format_alone():
    from cnnrepro.engine import keras

    before, formats = keras.config.dtype_policy().name, []

    def build():
        formats.append(keras.config.dtype_policy().name)
        return models.build("lenet5_modern")

    assert measure_throughput(build, recipe("sgd"), batch=16, precision="mixed_bfloat16") > 0
    assert (formats, keras.config.dtype_policy().name) == (["mixed_bfloat16"], before)
