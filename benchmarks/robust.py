r"""Adversarial training on imbalanced classes, by the protocol of the dissertation's section 4.5.

A set is a balanced one with a profile: usps-step-100 keeps a hundredth of the images of half
of its classes, usps-exp-100 ever fewer from class to class; the test part stays balanced.
Sizes for a CPU: digits, usps and mnist (at most 500 images per class, a convolutional network
of two layers, epsilon 0.1, PGD-7 in training) and cifar10-long-tailed (3720 images, a small
residual network, epsilon 8/255, PGD-5). Sizes of the dissertation, for a GPU: cifar10-step-100
and the like from DIR/cifar10.npz or cifar100.npz (X_train, y_train, X_test, y_test), with its
network, attack and schedule.

All methods of a set share network, attack, batches, epochs, learning rate and seeds; the seed
also draws the images. Accuracies are means over the classes, in percent. "under" are the half
of the classes with the fewest images. "robust" is PGD-20 on the cross entropy with a random
start; "both attacks" is right under that and under PGD-20 on the margin, which large logits
cannot hide from. An image counts only if it is right unattacked as well.

    python benchmarks/robust.py                                  # digits-step-20
    python benchmarks/robust.py --sets usps-step-100 usps-exp-100 mnist-step-100 mnist-exp-100 \
        cifar10-long-tailed --data-dir DIR --jobs 2 --output FILE.csv
    python benchmarks/robust.py --sets cifar10-step-100 --data-dir DIR --device cuda
    python benchmarks/robust.py --norm l2 ...                    # table 4.7
    python benchmarks/robust.py --part weights --plot FILE.png   # figure 4.5; separation: 4.6,
    python benchmarks/robust.py --part ratio --plot FILE.png     # figure 4.7
    python benchmarks/robust.py --part ablation ...              # SRAT's own choices
    python benchmarks/robust.py --part schedule ...              # when weights set in
    python benchmarks/robust.py --part confirm ...               # attacks of other libraries
"""

from robust_parts import PARTS
from robust_run import parse, scores_of
from robust_tables import bar_lines, draw_figure, report


def main() -> None:
    """Run one part of the benchmark and print its tables."""
    options = parse(__doc__, PARTS, "compare")
    scores = scores_of(options)
    print(report(scores, options.norm, bar_lines, chapter=4))
    if options.plot is not None:
        part = PARTS[options.part]
        draw_figure(scores, part.values, part.quantity, options.plot)
        print(f"drawn: {options.plot}")


if __name__ == "__main__":
    main()
