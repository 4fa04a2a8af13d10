"""The process behind a window: requests come in and events go out, as JSON lines.

``python -m clump_detector.worker`` sends ``{"event": "ready"}`` and then answers

=============  ======================================================================
``do``         fields, and the events before ``done``, ``error`` or ``cancelled``
=============  ======================================================================
``detect``     ``model``, ``device``, ``cutouts`` (each with ``key``, ``name``, and
               ``files`` and ``bands``, or ``array``: a .npy file, and ``rgb``);
               ``loading``, ``loaded``, then ``boxes`` or ``problem`` per cutout.
               With ``describe`` the event ``boxes`` has a ``description``, also of
               the ``boxes`` that a cutout is given with
``artefacts``  ``cutouts`` (as those of ``detect``); ``artefacts`` or ``problem`` per
               cutout, until another request waits
``train``      ``labels``, ``out``, ``base``, ``device``, ``config``; the events of
               `clump_detector.train.events`
``compare``    ``old``, ``new``, ``labels``, ``device``, ``which``, ``keep`` (the
               verdict in the card of the new one); ``progress``
``explain``    ``model``, ``device``, ``cutout`` (as one of those of ``detect``; its
               first box is explained); ``loading``, ``loaded``; ``done`` has the
               ``explanation``
``cancel``     ``id`` of a request that leaves nothing behind
``stop``       ``id`` of a training that keeps the best so far
``quit``       nothing; the end of the input means the same
=============  ======================================================================

Every request has an ``id`` and every event the id of its request. A window that talks
to this process needs no torch, stays responsive, and outlives it.
"""
