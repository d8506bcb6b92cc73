"""The operations of torch that are not written in the notation, by the reason."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "a function that the notation does not have": """
        acos asin atan atan2 erfinv i0 special.i0e special.i1 special.i1e special.ndtri digamma lgamma mvlgamma.mvlgamma_p_1 mvlgamma.mvlgamma_p_3
        mvlgamma.mvlgamma_p_5 polygamma.polygamma_n_0 polygamma.polygamma_n_1 polygamma.polygamma_n_2 polygamma.polygamma_n_3 polygamma.polygamma_n_4
        special.polygamma.special_polygamma_n_0 nextafter frexp""",
    "rounding: the notation has no floor": """
        ceil floor frac trunc round round.decimals_0 round.decimals_3 round.decimals_neg_3 fmod remainder __rmod__ div.trunc_rounding div.floor_rounding""",
    "complex numbers": """
        complex polar view_as_complex fft.fft fft.fft2 fft.fftn fft.hfft fft.hfft2 fft.hfftn fft.rfft fft.rfft2 fft.rfftn fft.ifft fft.ifft2 fft.ifftn
        fft.ihfft fft.ihfft2 fft.ihfftn fft.irfft fft.irfft2 fft.irfftn stft cdouble cfloat chalf""",
    "a factorisation, an inverse or a solution of a matrix": """
        cholesky cholesky_inverse cholesky_solve linalg.cholesky linalg.cholesky_ex linalg.cond linalg.det linalg.eig linalg.eigvals linalg.eigh
        linalg.eigvalsh linalg.householder_product linalg.inv linalg.inv_ex linalg.lstsq linalg.lstsq.grad_oriented linalg.lu linalg.lu_factor
        linalg.lu_factor_ex linalg.lu_solve linalg.pinv linalg.pinv.singular linalg.pinv.hermitian linalg.qr linalg.slogdet linalg.solve linalg.solve_ex
        linalg.solve_triangular linalg.svd linalg.svdvals linalg.tensorinv linalg.tensorsolve logdet lu lu_solve lu_unpack matrix_exp norm.nuc ormqr
        pca_lowrank pinverse qr svd svd_lowrank triangular_solve""",
    "an order of the entries: only the largest and the least are sought": """
        kthvalue median nanmedian mode msort sort topk quantile nanquantile masked.median nn.functional.ctc_loss""",
    "chance": """
        bernoulli normal normal.number_mean nn.functional.alpha_dropout nn.functional.dropout nn.functional.dropout2d nn.functional.dropout3d
        nn.functional.feature_alpha_dropout.with_train nn.functional.feature_alpha_dropout.without_train nn.functional.rrelu
        nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d native_dropout_backward""",
    "several tensors one behind the other in one axis": """
        cat stack hstack vstack dstack column_stack block_diag cartesian_prod combinations meshgrid.list_of_tensors meshgrid.variadic_tensors
        broadcast_tensors""",
    "as many results as the numbers say, or a type of its own": """
        masked_select masked_scatter to_sparse sparse.mm.reduce sparse.sampled_addmm to double float half bfloat16 nn.functional.embedding_bag
        _segment_reduce.lengths _segment_reduce.offsets""",
    "writing at positions, of which the last wins": """
        as_strided as_strided.partial_views as_strided_copy as_strided_scatter diagonal_scatter index_put put scatter scatter_reduce.sum scatter_reduce.prod
        scatter_reduce.mean scatter_reduce.amin scatter_reduce.amax select_scatter slice slice_scatter index_reduce.mean index_reduce.prod index_reduce.amin
        index_reduce.amax _unsafe_masked_index _unsafe_masked_index_put_accumulate fill max_pool2d_with_indices_backward nn.functional.max_unpool1d
        nn.functional.max_unpool1d.grad nn.functional.max_unpool2d nn.functional.max_unpool2d.grad nn.functional.max_unpool3d
        nn.functional.max_unpool3d.grad _softmax_backward_data""",
    "places between the entries, or windows laid over each other": """
        grid_sampler_2d grid_sampler_3d nn.functional.grid_sample _upsample_bilinear2d_aa nn.functional.interpolate.area nn.functional.interpolate.bicubic
        nn.functional.interpolate.bilinear nn.functional.interpolate.linear nn.functional.interpolate.nearest nn.functional.interpolate.nearest-exact
        nn.functional.interpolate.trilinear nn.functional.upsample_bilinear nn.functional.upsample_nearest nn.functional.unfold
        nn.functional.conv_transpose2d nn.functional.conv_transpose3d constant_pad_nd nn.functional.pad.constant nn.functional.pad.replicate_negative
        gradient""",
    "not written yet": """
        _native_batch_norm_legit diag diag_embed diagflat kron linalg.vander nn.functional.multi_head_attention_forward""",
}
BEYOND: dict[str, str] = {name: reason for reason, names in REASONS.items() for name in names.split()}
